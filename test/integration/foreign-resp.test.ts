import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { codeBlocks, documents, ROOT } from '../../scripts/docs/documents.ts'
import { exists, INSTALL_LIMIT_MS, installed, pythonWith, TOOLS } from '../fixtures/foreign-tools.ts'
import { portOf, RespService } from '../fixtures/resp-service.ts'

/** Redis clients that nobody here wrote: redis-cli, redis-benchmark, redis-py and go-redis. */

const run = promisify(execFile)
const FIXTURES = fileURLToPath(new URL('../fixtures', import.meta.url))
const REDIS_PY_VERSION = '8.1.0'

/** Then the numbers of all connections follow on one another, and a test can say which ones come. */
const ONE_THREAD = { IDGEN_SERVER_THREADS: '1' }

test('redis-cli talks to it, on its own and by a pipe of commands', async (t) => {
  const cli = await installed(t, 'redis-cli', () => programOf('redis-cli'))
  if (cli === undefined) return
  const { world, service } = await RespService.start(t, ONE_THREAD)
  const more = ['--no-auth-warning', '-p', String(portOf(service)), '-a', world.key]
  const ask = async (...words: string[]): Promise<string> =>
    (await run(cli, [...more, ...words])).stdout.trim()
  assert.equal(await ask('INCR', 'demo/load/orders'), '1')
  assert.equal(await ask('INCRBY', 'demo/load/orders', '100'), '101')
  assert.match(await ask('-3', 'IDGEN.RUNS', 'demo/load/events', '5'), /^\d{18,19}\n5$/)
  const nodes = /^dc\n1\ncurrent\n1\nnodes\ndc\n0\nnode\n.*\nresp\nredis:\/\/.*\nversion\n/s
  assert.match(await ask('IDGEN.NODES', '1'), nodes)
  assert.match(await ask('-3', 'IDGEN.NODES', '1'), /^dc 1\ncurrent 1\nnodes dc 0\n/)
  assert.match(await ask('INFO'), /^idgen_version:/m)
  assert.match(await ask('INCR', 'demo/load/none'), /^ERR IDGEN_TAG_NOT_FOUND /)
  const child = spawn(cli, more)
  const output: Buffer[] = []
  child.stdout.on('data', (bytes: Buffer) => output.push(bytes))
  child.stdin.end('INCR demo/load/orders\n'.repeat(500))
  await once(child, 'close')
  const numbers = Buffer.concat(output).toString().trim().split('\n').map(Number)
  assert.deepEqual(
    numbers,
    Array.from({ length: 500 }, (_, i) => 102 + i),
  )
})

test('redis-benchmark runs against it, pipelined and not, and every command is an ID', async (t) => {
  const benchmark = await installed(t, 'redis-benchmark', () => programOf('redis-benchmark'))
  if (benchmark === undefined) return
  const { world, service } = await RespService.start(t, ONE_THREAD)
  const more = ['-p', String(portOf(service)), '-a', world.key, '-q', '-c', '5']
  for (const pipeline of ['1', '64']) {
    const { stdout } = await run(benchmark, [
      ...more,
      '-n',
      '2000',
      '-P',
      pipeline,
      'INCR',
      'demo/load/orders',
    ])
    assert.match(stdout, /requests per second/)
  }
  // It stops at the first error by itself, and sends whole pipelines only.
  const redis = world.redis(service)
  const next = await redis.incr('demo/load/orders')
  assert.ok(next > 4000 && next < 4500, `${next}`)
})

test('redis-py issues IDs in both versions of the protocol, and sees its own kinds of errors', async (t) => {
  const python = await installed(t, 'redis-py', () => pythonWith('redis', REDIS_PY_VERSION))
  if (python === undefined) return
  const { world, service } = await longSegments(t)
  const { stdout } = await run(python, [join(FIXTURES, 'resp_client.py'), String(portOf(service)), world.key])
  const seen = {
    singles: 550,
    ascending: true,
    last_of_run: 100,
    wide: true,
    runs: 3000,
    uuid: 36,
    ping: true,
    name: 'python',
    node: 'redis://ids.example:6399',
  }
  assert.deepEqual(JSON.parse(stdout), {
    resp2: seen,
    resp3: seen,
    error: 'ResponseError: IDGEN_TAG_NOT_FOUND',
    refused: 'AuthenticationError',
    keyless: 'AuthenticationError',
  })
})

test('go-redis issues IDs in both versions of the protocol, from many goroutines and in pipelines', async (t) => {
  const client = await installed(t, 'go-redis', buildGoClient)
  if (client === undefined) return
  const { world, service } = await longSegments(t)
  const { stdout } = await run(client, [`127.0.0.1:${portOf(service)}`, world.key])
  const seen = { singles: 1200, lastOfRun: 100, wideDigits: 18 }
  assert.deepEqual(JSON.parse(stdout), {
    resp2: seen,
    resp3: seen,
    error: 'ERR IDGEN_TAG_NOT_FOUND',
    refused: 'WRONGPASS',
  })
})

describe('docs/resp.md: an ID in a few lines', () => {
  test('redis-py gets one by the lines of the page', async (t) => {
    const python = await installed(t, 'redis-py', () => pythonWith('redis', REDIS_PY_VERSION))
    if (python === undefined) return
    const { code } = await sample(t, 'python')
    const program = `import redis\n${code}\nprint(order_id)\n`
    assert.equal((await run(python, ['-c', program])).stdout, '1\n')
  })

  test('ioredis gets one by the lines of the page', async (t) => {
    const { code } = await sample(t, 'js')
    const program = `import Redis from 'ioredis'\n${code}\nconsole.log(orderId)\nids.disconnect()\n`
    const args = ['--input-type=module', '--eval', program]
    assert.equal((await run(process.execPath, args, { cwd: ROOT })).stdout, '1\n')
  })
})

/** The page's program, with the port and the key of a service that has the page's tag. */
async function sample(t: TestContext, language: string): Promise<{ code: string }> {
  const { world, service } = await RespService.start(t, ONE_THREAD)
  await world.http(service, 'POST', '/v1/workspaces/demo/groups', { name: 'shop' })
  await world.http(service, 'POST', '/v1/workspaces/demo/groups/shop/tags', { name: 'orders' })
  const page = documents().find(({ path }) => path === 'docs/resp.md')
  assert.ok(page !== undefined)
  const [block] = codeBlocks(page).filter((one) => one.language === language)
  assert.ok(block !== undefined, language)
  assert.match(block.text, /6399[\s\S]*idg_…/)
  return { code: block.text.replace('6399', String(portOf(service))).replace('idg_…', world.key) }
}

/** What a run would not fit into is left out before it; where that is depends on how fast the segments before were used. */
async function longSegments(t: TestContext): Promise<Awaited<ReturnType<typeof RespService.start>>> {
  const advertised = { IDGEN_SERVER_ADVERTISE_RESP: 'redis://ids.example:6399' }
  const started = await RespService.start(t, { ...ONE_THREAD, ...advertised })
  const step = { base: 100_000, min: 100_000, max: 100_000 }
  const path = '/v1/workspaces/demo/groups/load/tags/orders'
  await started.world.http(started.service, 'PATCH', path, { step })
  return started
}

async function programOf(name: string): Promise<string> {
  await run(name, ['--version'])
  return name
}

/** Built once for each version that go.mod names. */
async function buildGoClient(): Promise<string> {
  const folder = join(FIXTURES, 'resp-client-go')
  const version = /go-redis\/v9 (v[\d.]+)/.exec(await readFile(join(folder, 'go.mod'), 'utf8'))?.[1]
  const binary = join(TOOLS, `go-redis-${version}`, 'client')
  if (await exists(binary)) return binary
  await run('go', ['build', '-mod=readonly', '-trimpath', '-o', binary, '.'], {
    cwd: folder,
    env: { ...process.env, CGO_ENABLED: '0' },
    timeout: INSTALL_LIMIT_MS,
  })
  return binary
}
