import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer as createHttpServer } from 'node:http'
import { createServer, type Server, type Socket } from 'node:net'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { bench, benchJson } from './bench-command.ts'
import { RedisProcess } from './redis-process.ts'

const LAUNCHER = fileURLToPath(new URL('../../bin/idgen', import.meta.url))

async function listening(t: TestContext, server: Server): Promise<number> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  const address = server.address()
  return typeof address === 'object' && address !== null ? address.port : 0
}

/** Gives the n-th request the ID `idOf(n)`. */
function idServer(idOf: (n: number) => string): Server {
  let n = 0
  return createHttpServer((request, response) => {
    request.resume()
    n += 1
    const body = JSON.stringify({ ids: [idOf(n)], algorithm: 'segment', degraded: false })
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': body.length })
    response.end(body)
  })
}

test('a server that hands out one ID twice is found out, and the ID is named', async (t) => {
  const port = await listening(
    t,
    idServer((n) => String(n === 300 ? 250 : n)),
  )
  const args = [
    `http://127.0.0.1:${port}`,
    '--tag',
    'a/b/c',
    '--connections',
    '4',
    '--threads',
    '2',
    '--requests',
    '1000',
  ]
  const { code, out } = await bench(args)
  assert.equal(code, 1)
  assert.match(out, /DUPLICATES 1 among 1,001 IDs\n {2}250 of a\/b\/c came twice/)
  const unchecked = await bench([...args, '--no-check'])
  assert.equal(unchecked.code, 0)
  assert.match(unchecked.out, /IDs were not checked for duplicates/)
})

test('one that only repeats itself much later, in another thread, is found out as well', async (t) => {
  const port = await listening(
    t,
    idServer((n) => String(2n ** 53n + BigInt(n % 900))),
  )
  const { code, report } = await benchJson([
    `http://127.0.0.1:${port}`,
    '--tag',
    'a/b/c',
    'a/b/d',
    '--connections',
    '2',
    '--threads',
    '2',
    '--requests',
    '1000',
  ])
  assert.equal(code, 1)
  assert.equal(report.check?.duplicates, 102)
})

test('refusals in the middle of a run are counted by code, and the exit code is 1', async (t) => {
  let n = 0
  const server = createHttpServer((request, response) => {
    request.resume()
    n += 1
    const fails = n % 10 === 0
    const body = JSON.stringify(
      fails ? { code: 'IDGEN_OVERLOADED', detail: 'Too many.' } : { ids: [String(n)] },
    )
    response.writeHead(fails ? 503 : 200, { 'content-length': body.length })
    response.end(body)
  })
  const port = await listening(t, server)
  const { code, report } = await benchJson([
    `http://127.0.0.1:${port}`,
    '--tag',
    'a/b/c',
    '--requests',
    '999',
  ])
  assert.equal(code, 1)
  assert.deepEqual(report.errors, [{ code: 'IDGEN_OVERLOADED', count: 100, example: 'Too many.' }])
  assert.equal(report.answers, 899)
})

test('where nobody listens, or what listens speaks something else, it says so', async (t) => {
  const nobody = await bench(['http://127.0.0.1:1', '--tag', 'a/b/c'])
  assert.equal(nobody.code, 1)
  assert.match(nobody.err, /^idgen: 127\.0\.0\.1:1 cannot be reached: connect ECONNREFUSED/m)
  const port = await listening(
    t,
    createServer((socket) => socket.on('data', () => socket.end('220 mail\r\n\r\n'))),
  )
  const other = await bench([`http://127.0.0.1:${port}`, '--tag', 'a/b/c'])
  assert.equal(other.code, 1)
  assert.match(
    other.err,
    /CONNECTION_LOST: an answer that is not HTTP\/1\.1: "220 mail.*does 127.* speak http in the clear/,
  )
})

test('Ctrl-C ends early and reports all the same', async (t) => {
  const port = await listening(t, idServer(String))
  const child = spawn(LAUNCHER, ['bench', `http://127.0.0.1:${port}`, '--tag', 'a/b/c', '--duration', '1h'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  t.after(() => child.kill('SIGKILL'))
  let out = ''
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()))
  // The heading comes before the load begins, a line of a second when it runs.
  let err = ''
  let asked = false
  child.stderr.on('data', (chunk: Buffer) => {
    err += chunk.toString()
    if (!asked && /\n +1 /.test(err)) child.kill('SIGINT')
    asked ||= /\n +1 /.test(err)
  })
  const [code] = (await once(child, 'exit')) as [number | null]
  assert.equal(code, 0, out + err)
  assert.match(out, /^answers {2}[\d,]+ in \d\.\d s/m)
})

test('over RESP it loads a Redis server: single commands, steps, many keys, a password', async () => {
  const redis = await RedisProcess.start(false)
  const target = `redis://127.0.0.1:${redis.port}`
  const common = ['--connections', '2', '--pipeline', '16', '--requests', '5000']
  const single = await benchJson([target, '--tag', 'counter', ...common, '--threads', '2'])
  assert.equal(single.code, 0, single.err)
  assert.equal(single.report.answers, 5000)
  assert.equal(single.report.check?.checked, 5001)
  assert.equal(await redis.command('GET', 'counter'), '5001')
  const steps = await benchJson([target, '--tag', 'acme/t{1..100}', ...common, '--batch', '50'])
  assert.equal(steps.report.ids, 250_000)
  assert.equal(steps.report.check?.duplicates, 0)
  const turns = Number(await redis.command('GET', 'acme/t100')) / 50
  assert.ok(turns >= 50 && turns <= 52, `tag 100 had ${turns} of 5,100 turns`)
  await redis.command('CONFIG', 'SET', 'requirepass', 'pass-word')
  const refused = await bench([target, '--tag', 'counter'])
  assert.match(refused.err, /first request failed: NOAUTH: /)
  const admitted = await bench([target, '--tag', 'counter', '--requests', '10'], { IDGEN_KEY: 'pass-word' })
  assert.equal(admitted.code, 0, admitted.err)
  const wrong = await bench([target, '--tag', 'counter', '--key', 'other'])
  assert.equal(wrong.code, 1)
  assert.match(wrong.err, /WRONGPASS/)
})

test('a counter that is set back is a duplicate over RESP too', async () => {
  const redis = await RedisProcess.start(false)
  const target = `redis://127.0.0.1:${redis.port}`
  const run = benchJson([target, '--tag', 'counter', '--rate', '500', '--duration', '3s'])
  // Set back while it is under load; the value was surely given out already.
  while (Number(await redis.command('GET', 'counter')) < 200)
    await new Promise((resolve) => setTimeout(resolve, 20))
  await redis.command('SET', 'counter', 100)
  const { code, report } = await run
  assert.equal(code, 1)
  assert.ok((report.check?.duplicates ?? 0) > 0)
  assert.ok(report.check?.examples.some(({ id }) => id === '101'))
})

test('bad input ends with 2, the offending value and what to do', async () => {
  const cases: readonly [readonly string[], RegExp][] = [
    [[], /missing required argument 'target'/],
    [['http://127.0.0.1:9', '--tag', 'orders'], /workspace\/group\/tag, not "orders".*IDGEN_REQUEST_INVALID/],
    [['http://127.0.0.1:9', '--tag', 'a/b/c', '--speed', '9'], /unknown option '--speed'/],
    [
      ['http://127.0.0.1:9', '--tag', 'a/b/c', '--json', '/nowhere/x'],
      /--json \/nowhere\/x cannot be written/,
    ],
  ]
  for (const [args, expected] of cases) {
    const { code, err } = await bench(args)
    assert.match(err, expected)
    assert.equal(code, 2, args.join(' '))
  }
})
