import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { describe, type TestContext, test } from 'node:test'
import fc from 'fast-check'
import { checkAnswer } from '../core/id-answer.ts'
import type { Transport } from '../ports/transport.ts'
import { resp } from '../resp.ts'
import { RespError, RespParser, type RespReply } from './resp-parser.ts'

/** What a command of the client is answered with, and all that came so far. */
type Server = (words: readonly string[], socket: Socket) => string | undefined

const never = new AbortController().signal

/** A server that speaks the Redis protocol, and what was sent to it. */
async function listening(t: TestContext, answer: Server): Promise<{ url: string; seen: string[][] }> {
  const seen: string[][] = []
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    const parser = new RespParser()
    socket.on('error', () => undefined)
    socket.on('data', (piece: Buffer) => {
      for (const command of parser.push(piece)) {
        const words = (command as readonly RespReply[]).map(String)
        seen.push(words)
        const reply = answer(words, socket)
        if (reply !== undefined) socket.write(reply)
      }
    })
  })
  t.after(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  assert.ok(typeof address === 'object' && address !== null)
  return { url: `redis://127.0.0.1:${address.port}`, seen }
}

function open(t: TestContext, key?: string, dc?: number): Transport {
  const transport = resp()({ key, dc, ca: undefined })
  t.after(() => transport.close())
  return transport
}

describe('the parser', () => {
  const text = fc.string({ unit: 'grapheme' })
  const line = fc.stringMatching(/^[ -~]{0,20}$/)
  const leaf = fc.oneof(
    text.map((value): [string, RespReply] => [`$${Buffer.byteLength(value)}\r\n${value}\r\n`, value]),
    fc
      .bigInt({ min: -(2n ** 62n), max: 2n ** 62n })
      .map((value): [string, RespReply] => [`:${value}\r\n`, value]),
    line.map((value): [string, RespReply] => [`+${value}\r\n`, value]),
    line.map((value): [string, RespReply] => [`-${value}\r\n`, new RespError(value)]),
    fc.constant<[string, RespReply]>(['$-1\r\n', null]),
  )
  const list = fc
    .array(leaf)
    .map((of): [string, RespReply] => [
      `*${of.length}\r\n${of.map(([wire]) => wire).join('')}`,
      of.map(([, v]) => v),
    ])

  test('answers are the same in whatever pieces they arrive', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(leaf, list)),
        fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }),
        (replies, sizes) => {
          const parser = new RespParser()
          const bytes = Buffer.from(replies.map(([wire]) => wire).join(''))
          const read: RespReply[] = []
          for (let at = 0, piece = 0; at < bytes.length; piece += 1) {
            const size = sizes[piece % sizes.length] ?? 1
            read.push(...parser.push(bytes.subarray(at, at + size)))
            at += size
          }
          assert.deepEqual(
            read,
            replies.map(([, value]) => value),
          )
        },
      ),
    )
  })

  test('what is no answer, and what has no end, is refused', () => {
    for (const wrong of [
      'HTTP/1.1 200 OK\r\n',
      ':1x\r\n',
      '$x\r\n',
      '\r\n',
      '*1\r\n*1\r\n*1\r\n*1\r\n:1\r\n',
    ])
      assert.throws(() => new RespParser().push(Buffer.from(wrong)), /Redis protocol/)
    const endless = new RespParser()
    assert.throws(() => {
      for (;;) endless.push(Buffer.alloc(65_536, 'x'))
    }, /longer than/)
  })
})

describe('the transport', () => {
  const answers: Server = ([command = '', , count]) => {
    if (command === 'AUTH') return '+OK\r\n'
    if (command === 'IDGEN.NEXT') return '$36\r\n01984f0e-5b6a-7c3f-8f6e-2f0b7c1d9e5a\r\n'
    return `*1\r\n*2\r\n$19\r\n1234567890123456789\r\n:${count}\r\n`
  }

  test('it says the key once a connection, and asks for runs by one command', async (t) => {
    const { url, seen } = await listening(t, answers)
    const transport = open(t, 'idg_key')
    const request = { path: 'a/b/c', count: 7, form: 'runs' as const }
    const answer = await transport.issue(url, request, never)
    checkAnswer(answer, request, url)
    assert.deepEqual(answer.runs, [{ first: 1234567890123456789n, count: 7 }])
    await transport.issue(url, request, never)
    assert.deepEqual(seen, [
      ['AUTH', 'idg_key'],
      ['IDGEN.RUNS', 'a/b/c', '7'],
      ['IDGEN.RUNS', 'a/b/c', '7'],
    ])
  })

  test('it says its data centre once a connection, and a service that does not know that is none the worse', async (t) => {
    for (const reply of ['+OK\r\n', "-ERR unknown command 'IDGEN.DC'\r\n"]) {
      const { url, seen } = await listening(t, (words, socket) =>
        words[0] === 'IDGEN.DC' ? reply : answers(words, socket),
      )
      for (const key of ['idg_key', undefined]) {
        const transport = open(t, key, 5)
        for (let i = 0; i < 2; i += 1)
          await transport.issue(url, { path: 'a/b/c', count: 7, form: 'runs' }, never)
        const said = seen.splice(0).map(([name, text]) => [name, text])
        const runs = ['IDGEN.RUNS', 'a/b/c']
        assert.deepEqual(said, [...(key ? [['AUTH', key]] : []), ['IDGEN.DC', '5'], runs, runs])
      }
    }
  })

  test('the nodes that serve Redis clients are read with their data centre', async (t) => {
    const node = (fields: Record<string, string | number>): string =>
      `*${2 * Object.keys(fields).length}\r\n${Object.entries(fields)
        .map(
          ([name, value]) =>
            `$${name.length}\r\n${name}\r\n${typeof value === 'number' ? `:${value}` : `+${value}`}\r\n`,
        )
        .join('')}`
    const nodes = [
      node({ dc: 7, http: 'http://a:1', resp: 'redis://a:6399/' }),
      node({ dc: 0, http: 'http://b:1' }),
      node({ news: 1, resp: 'rediss://[::1]:7', dc: 1 }),
    ]
    const { url, seen } = await listening(
      t,
      () => `*6\r\n+dc\r\n:7\r\n+current\r\n:1\r\n+nodes\r\n*${nodes.length}\r\n${nodes.join('')}`,
    )
    assert.deepEqual(await open(t).nodes?.(url, never), [
      { url: 'redis://a:6399', dc: 7 },
      { url: 'rediss://[::1]:7', dc: 1 },
    ])
    assert.deepEqual(seen, [['IDGEN.NODES']])
  })

  test('what is no list of nodes is told apart', async (t) => {
    for (const reply of ['+OK', '*0', '*2\r\n+nodes\r\n:1', "-ERR unknown command 'IDGEN.NODES'"]) {
      const { url } = await listening(t, () => `${reply}\r\n`)
      const asked = open(t).nodes?.(url, never)
      await assert.rejects(asked ?? Promise.resolve(), { code: 'IDGEN_CLIENT_ANSWER_INVALID' })
    }
  })

  test('nodes that are given up take nothing with them: what was asked behind them has its answer', async (t) => {
    const held = Promise.withResolvers<Socket>()
    const { url } = await listening(t, ([command], socket) => {
      if (command === 'IDGEN.NODES') held.resolve(socket)
      return command === 'IDGEN.NODES' ? undefined : '*2\r\n:5\r\n:1\r\n'
    })
    const transport = open(t)
    const controller = new AbortController()
    const nodes = transport.nodes?.(url, controller.signal)
    const socket = await held.promise
    controller.abort()
    await assert.rejects(nodes ?? Promise.resolve(), /too late/)
    socket.write('*6\r\n+dc\r\n:0\r\n+current\r\n:1\r\n+nodes\r\n*0\r\n')
    const { runs } = await transport.issue(url, { path: 'a/b/c', count: 1, form: 'runs' }, never)
    assert.deepEqual(runs, [{ first: 5n, count: 1 }])
  })

  test('of many addresses the one that was not used for longest is let go, once what it was asked has its answer', async (t) => {
    const held = Promise.withResolvers<Socket>()
    const first = await listening(t, (_words, socket) => {
      held.resolve(socket)
      return undefined
    })
    const second = await listening(t, () => '*2\r\n:5\r\n:1\r\n')
    const transport = open(t)
    const request = { path: 'a/b/c', count: 1, form: 'runs' as const }
    const late = transport.issue(first.url, request, never)
    const socket = await held.promise
    // One server under many names.
    for (let i = 0; i < 64; i += 1) await transport.issue(second.url.replace(/$/, `/${i}`), request, never)
    const ended = once(socket, 'close')
    socket.write('*2\r\n:9\r\n:1\r\n')
    assert.deepEqual((await late).runs, [{ first: 9n, count: 1 }])
    await ended
  })

  test('an address in use keeps its connection, however many others come', async (t) => {
    const { url, seen } = await listening(t, ([name]) => (name === 'AUTH' ? '+OK\r\n' : '*2\r\n:5\r\n:1\r\n'))
    const transport = open(t, 'key')
    const request = { path: 'a/b/c', count: 1, form: 'runs' as const }
    // One server under many names.
    for (let i = 0; i < 130; i += 1) {
      await transport.issue(url, request, never)
      await transport.issue(`${url}/${i}`, request, never)
    }
    assert.equal(seen.filter(([name]) => name === 'AUTH').length, 131)
  })

  test('a trace is named before the command, and a service that does not know it is none the worse', async (t) => {
    for (const reply of ['+OK\r\n', "-ERR unknown command 'IDGEN.TRACE'\r\n"]) {
      const { url, seen } = await listening(t, ([name]) =>
        name === 'IDGEN.TRACE' ? reply : '*2\r\n:7\r\n:2\r\n',
      )
      const traceparent = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`
      const request = { path: 'a/b/c', count: 2, form: 'runs', traceparent } as const
      assert.deepEqual((await open(t).issue(url, request, never)).runs, [{ first: 7n, count: 2 }])
      assert.deepEqual(seen, [
        ['IDGEN.TRACE', traceparent],
        ['IDGEN.RUNS', 'a/b/c', '2'],
      ])
    }
  })

  test('texts are asked for one by one in one go', async (t) => {
    const { url, seen } = await listening(t, answers)
    const request = { path: 'a/b/c', count: 3, form: 'text' as const }
    const answer = await open(t).issue(url, request, never)
    checkAnswer(answer, request, url)
    assert.equal(seen.length, 3)
  })

  test('runs may be pairs in one list', async (t) => {
    const { url } = await listening(t, () => '*4\r\n:1\r\n:5\r\n$2\r\n10\r\n$1\r\n2\r\n')
    const answer = await open(t).issue(url, { path: 'a/b/c', count: 7, form: 'runs' }, never)
    assert.deepEqual(answer.runs, [
      { first: 1n, count: 5 },
      { first: 10n, count: 2 },
    ])
  })

  test('errors are told with their code, and whether to try again', async (t) => {
    const cases: Record<string, [code: string, retryable: boolean]> = {
      '-ERR IDGEN_TAG_NOT_FOUND There is none.': ['IDGEN_TAG_NOT_FOUND', false],
      '-TRYAGAIN IDGEN_OVERLOADED Too many.': ['IDGEN_OVERLOADED', true],
      '-NOAUTH Authentication required.': ['IDGEN_UNAUTHENTICATED', false],
      "-ERR unknown command 'IDGEN.RUNS'": ['IDGEN_CLIENT_ANSWER_INVALID', false],
      '*3\r\n:1\r\n:2\r\n:3': ['IDGEN_CLIENT_ANSWER_INVALID', false],
      '+OK': ['IDGEN_CLIENT_ANSWER_INVALID', false],
    }
    for (const [reply, [code, retryable]] of Object.entries(cases)) {
      const { url } = await listening(t, () => `${reply}\r\n`)
      const issued = open(t).issue(url, { path: 'a/b/c', count: 1, form: 'runs' }, never)
      await assert.rejects(issued, { code, retryable, endpoint: url })
    }
  })

  test('a request that is given up takes its connection with it, so no answer goes to another one', async (t) => {
    let held: Socket | undefined
    const { url } = await listening(t, ([, path], socket) => {
      if (path === 'a/b/late') held = socket
      return path === 'a/b/late' ? undefined : '*1\r\n*2\r\n:5\r\n:1\r\n'
    })
    const transport = open(t)
    const controller = new AbortController()
    const late = transport.issue(url, { path: 'a/b/late', count: 1, form: 'runs' }, controller.signal)
    while (held === undefined) await new Promise((resolve) => setImmediate(resolve))
    controller.abort()
    await assert.rejects(late, /too late/)
    held.write('*1\r\n*2\r\n:1\r\n:1\r\n')
    const next = await transport.issue(url, { path: 'a/b/c', count: 1, form: 'runs' }, never)
    assert.deepEqual(next.runs, [{ first: 5n, count: 1 }])
  })

  test('a connection that ends fails what waits, and the next request opens another', async (t) => {
    let connections = 0
    const { url } = await listening(t, ([command], socket) => {
      if (command === 'AUTH') connections += 1
      if (connections === 1) socket.destroy()
      return '*1\r\n*2\r\n:5\r\n:1\r\n'
    })
    const transport = open(t, 'key')
    const request = { path: 'a/b/c', count: 1, form: 'runs' as const }
    await assert.rejects(transport.issue(url, request, never))
    assert.equal((await transport.issue(url, request, never)).runs.length, 1)
  })

  test('a log-in that was refused for the moment is tried again on another connection', async (t) => {
    let logins = 0
    let loggedIn = false
    const { url } = await listening(t, ([command]) => {
      if (command !== 'AUTH')
        return loggedIn ? '*1\r\n*2\r\n:5\r\n:1\r\n' : '-NOAUTH IDGEN_UNAUTHENTICATED no key\r\n'
      logins += 1
      loggedIn = logins > 1
      return loggedIn ? '+OK\r\n' : '-TRYAGAIN IDGEN_RATE_LIMITED Too many requests.\r\n'
    })
    const transport = open(t, 'key')
    const request = { path: 'a/b/c', count: 1, form: 'runs' as const }
    await assert.rejects(transport.issue(url, request, never), {
      code: 'IDGEN_RATE_LIMITED',
      retryable: true,
    })
    assert.equal((await transport.issue(url, request, never)).runs.length, 1)
    assert.equal(logins, 2)
  })

  test('an address in digits is not sent as the name of the server', async (t) => {
    const warnings: Error[] = []
    const onWarning = (warning: Error): void => void warnings.push(warning)
    process.on('warning', onWarning)
    t.after(() => process.off('warning', onWarning))
    const { url } = await listening(t, () => undefined)
    const controller = new AbortController()
    const request = { path: 'a/b/c', count: 1, form: 'runs' as const }
    const issued = open(t).issue(url.replace('redis:', 'rediss:'), request, controller.signal)
    setImmediate(() => controller.abort())
    await assert.rejects(issued)
    assert.deepEqual(warnings, [])
  })
})
