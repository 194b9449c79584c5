// Runs beside others: a busy machine takes longer for its cases, and memory is its own.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { test } from 'node:test'
import { command } from '../fixtures/resp-desk.ts'
import { portOf, RespService } from '../fixtures/resp-service.ts'
import type { Prng } from '../simulation/world/prng.ts'
import { FUZZ_MS, SEED } from './fuzz-form.ts'
import { FuzzedService } from './fuzzed-service.ts'
import { garbage, mutated, pieces } from './mutated-bytes.ts'
import { type Replies, readReplies } from './resp-replies.ts'

const LIMIT = { timeout: FUZZ_MS + 180_000 }
const TAG = 'demo/load/orders'
const UUIDS = 'demo/load/uuids'

test('a service that serves Redis clients stands whatever bytes come', LIMIT, async (t) => {
  const fuzzed = await FuzzedService.start(t)
  const cases = await fuzzed.tryCases((chance) => oneCase(fuzzed, chance))
  t.diagnostic(`${cases} cases from seed ${SEED}, ${fuzzed.issued.total} IDs counted`)
})

/** A connection that begins well, so that it gets far, and goes on as chance has it. */
async function oneCase(fuzzed: FuzzedService, chance: Prng): Promise<void> {
  const begun = chance.chance(0.8) ? command('AUTH', fuzzed.key) + command('INCR', TAG) : ''
  const commands = Array.from({ length: chance.int(1, 12) }, () => mutatedCommand(chance))
  const sent = pieces(Buffer.concat([Buffer.from(begun), ...commands]), chance)
  const { values, rest } = await exchange(portOf(fuzzed.service), sent)
  assert.equal(rest, '', 'the last reply is not whole')
  for (const value of values) assert.doesNotMatch(value, /IDGEN_INTERNAL/)
  if (begun === '') return
  assert.equal(values[0], '+OK')
  assert.match(values[1] ?? '', /^:\d+$/)
  fuzzed.issued.text(TAG, values[1]?.slice(1) ?? '', 'a fuzzed connection', 'the service')
}

function mutatedCommand(chance: Prng): Buffer {
  if (chance.chance(0.1)) return garbage(chance, 2000)
  const words = chance.pick(COMMANDS) ?? []
  const typed = chance.chance(0.2) ? `${words.join(' ')}\r\n` : command(...words)
  return chance.chance(0.6) ? mutated(Buffer.from(typed, 'latin1'), chance) : Buffer.from(typed, 'latin1')
}

const COMMANDS: readonly (readonly string[])[] = [
  ['INCR', TAG],
  ['INCR', UUIDS],
  ['INCR', 'demo/load/none'],
  ['INCRBY', TAG, '10'],
  ['INCRBY', TAG, '-1'],
  ['INCRBY', TAG, '1e9'],
  ['INCRBY', TAG, '99999999999999999999999999'],
  ['IDGEN.NEXT', UUIDS],
  ['IDGEN.NEXT', `${TAG}\u0000`],
  ['IDGEN.NEXT', '../../etc/passwd'],
  ['IDGEN.RUNS', 'demo/load/events', '100'],
  ['IDGEN.RUNS', TAG, '0'],
  ['IDGEN.DC', '3'],
  ['IDGEN.DC', '8'],
  ['IDGEN.NODES'],
  ['IDGEN.NODES', '1'],
  ['AUTH', 'wrong'],
  ['AUTH', 'user', '\u00ff'.repeat(500)],
  ['HELLO', '3', 'AUTH', 'x', 'wrong', 'SETNAME', 'a'],
  ['HELLO', '3'],
  ['HELLO', '2'],
  ['HELLO', '4294967298'],
  ['PING', 'x'.repeat(512)],
  ['ECHO', '\r\n-ERR injected\r\n'],
  ['CLIENT', 'SETNAME', 'a\r\nb'],
  ['CLIENT', 'ID'],
  ['CONFIG', 'GET', '*'],
  ['COMMAND', 'DOCS'],
  ['SELECT', '1'],
  ['INFO'],
  ['RESET'],
  ['EVAL', 'return 1', '0'],
  ['SET', 'a', 'b'],
  ['__proto__'],
  ['constructor', 'prototype'],
  [''],
  [],
  Array.from({ length: 40 }, () => 'x'),
]

test('commands split at any byte are answered as if they came at once', LIMIT, async (t) => {
  const { world, service } = await RespService.start(t)
  const port = portOf(service)
  const bytes = Buffer.from(
    [
      command('AUTH', world.key),
      command('INCR', TAG),
      `INCR ${TAG}\r\n`,
      command('PING', '\r\n*1'),
      command('INCRBY', TAG, '7'),
      command('NOSUCH'),
      '\r\n*0\r\n',
      command('IDGEN.NEXT', TAG),
      '*1\r\n$x\r\n',
    ].join(''),
  )
  const shape = ({ values }: Replies): string[] => values.map((value) => value.replaceAll(/\d+/g, 'n'))
  const whole = shape(await exchange(port, [bytes]))
  assert.equal(whole.length, 8)
  for (let from = 1; from < bytes.length; from += AT_ONCE) {
    const cuts = Array.from({ length: Math.min(AT_ONCE, bytes.length - from) }, (_, i) => from + i)
    const answers = await Promise.all(
      cuts.map((cut) => exchange(port, [bytes.subarray(0, cut), bytes.subarray(cut)])),
    )
    for (const [i, answer] of answers.entries()) assert.deepEqual(shape(answer), whole, `cut at ${cuts[i]}`)
  }
})

/** Connections at a time. */
const AT_ONCE = 32

/** Sends the pieces in writes of their own, and then that nothing more comes: the server answers, and ends it. */
async function exchange(port: number, sent: readonly Buffer[]): Promise<Replies> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true })
  const read: Buffer[] = []
  socket.on('data', (bytes: Buffer) => read.push(bytes))
  socket.on('error', () => undefined)
  const closed = once(socket, 'close', { signal: AbortSignal.timeout(HANG_MS) }).catch(() => undefined)
  try {
    for (const piece of sent) {
      socket.write(piece)
      // So that each is a read of its own.
      await new Promise((resolve) => setImmediate(resolve))
    }
    socket.end()
    assert.ok((await closed) !== undefined, `the connection hangs after ${HANG_MS} ms`)
  } finally {
    socket.destroy()
  }
  return readReplies(Buffer.concat(read))
}

/** A command may wait 2 s for a grant; the rest is a busy machine's. */
const HANG_MS = 30_000
