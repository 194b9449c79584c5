import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { type TestContext, test } from 'node:test'
import { command } from '../fixtures/resp-desk.ts'
import { portOf, RespService } from '../fixtures/resp-service.ts'
import type { ServiceProcess } from '../fixtures/service-process.ts'
import { readReplies } from '../fuzz/resp-replies.ts'
import { NO_TAGS, PATIENT } from './odd-inputs.ts'

/** What abuse.test.ts asks over HTTP, over RESP: counts, names and commands that nobody sends in earnest. */

const TAG = 'demo/load/orders'

interface Stage {
  readonly service: ServiceProcess
  readonly key: string
}

test('a real service stands odd commands of Redis clients', { timeout: 300_000 }, async (t) => {
  const { world, service } = await RespService.start(t, PATIENT)
  const on = { service, key: world.key }
  const sound = (run: (stage: Stage) => Promise<void>) => async (inner: TestContext) => {
    const before = await nextNumber(on)
    await run(on)
    assert.equal(await nextNumber(on), before + 1, inner.name)
    const faults = service.log.filter(({ level, text }) => level === 'error' || level === 'fatal' || text)
    assert.deepEqual(faults, [], inner.name)
  }
  await t.test('counts that are none are refused over RESP, and spend nothing', sound(refusesCounts))
  await t.test('names that lead elsewhere make up no reply over RESP', sound(refusesNames))
  await t.test('prototypes, nesting and odd lengths are no commands of RESP', sound(refusesOddCommands))
})

async function nextNumber(on: Stage): Promise<number> {
  const [answer = ''] = await replies(on, command('INCR', TAG))
  assert.match(answer, /^:\d+$/)
  return Number(answer.slice(1))
}

/** The values of the replies to these commands of a client that showed its key, read strictly. */
async function replies(on: Stage, sent: string): Promise<readonly string[]> {
  let values = await exchange(on, sent)
  // A machine that has no time for its database refuses for now; it is asked again.
  for (let tries = 1; values.some((value) => value.startsWith('-TRYAGAIN')) && tries < TRIES_MAX; tries += 1)
    values = await exchange(on, sent)
  assert.equal(values[0], '+OK')
  return values.slice(1)
}

/** Of a look-up that has 1.5 s: half a minute. */
const TRIES_MAX = 20

async function exchange({ service, key }: Stage, sent: string): Promise<readonly string[]> {
  const socket = connect(portOf(service), '127.0.0.1')
  // It answers what came, and closes then.
  socket.end(command('AUTH', key) + sent)
  const { values, rest } = readReplies(await buffer(socket))
  assert.equal(rest, '')
  return values
}

const NO_INTEGERS: readonly string[] = '-0 01 +1 1.5 1e9 1e400 1;drop NaN Infinity 0x10 null [1] \uff11'
  .split(' ')
  .concat('', ' 1', '1 ', '1\u0000', '1\r\nINCR demo/load/orders\r\n')

async function refusesCounts(on: Stage): Promise<void> {
  const counts = [
    ...NO_INTEGERS,
    '0',
    '-1',
    '1000001',
    '9007199254740993',
    '-9223372036854775808',
    '9'.repeat(500),
  ]
  const sent = ['INCRBY', 'IDGEN.RUNS'].flatMap((name) => counts.map((count) => command(name, TAG, count)))
  const values = await replies(on, sent.join(''))
  assert.equal(values.length, sent.length)
  for (const [at, value] of values.entries())
    assert.match(value, /^-ERR IDGEN_(?:REQUEST_INVALID|COUNT_OUT_OF_RANGE) /, sent[at])
}

async function refusesNames(on: Stage): Promise<void> {
  const sent = NO_TAGS.flatMap((name) => [
    command('INCR', name),
    command('IDGEN.NEXT', name),
    command('INCRBY', name, '1'),
    command('INCRBY', name, '2'),
    command('IDGEN.RUNS', name, '2'),
  ])
  const values = await replies(on, sent.join(''))
  // As many replies as commands: none was made up by a name with a line break in it.
  assert.equal(values.length, sent.length)
  for (const [at, value] of values.entries())
    assert.match(value, /^-ERR IDGEN_(?:NAME_INVALID|TAG_NOT_FOUND) /, sent[at])
}

async function refusesOddCommands(on: Stage): Promise<void> {
  const names = ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', 'valueOf', '']
  const unknown = await replies(on, names.map((name) => command(name, 'x')).join(''))
  assert.equal(unknown.length, names.length)
  for (const value of unknown) assert.match(value, /^-ERR unknown command /)
  for (const name of names) {
    const [client, setting, dc, node, trace, version] = await replies(
      on,
      [
        command('CLIENT', name),
        command('CONFIG', 'GET', name),
        command('IDGEN.DC', name),
        command('IDGEN.NODES', name),
        command('IDGEN.TRACE', name),
        command('HELLO', name),
      ].join(''),
    )
    assert.match(client ?? '', /^-ERR unknown subcommand /)
    assert.equal(setting, '*0')
    for (const value of [dc, node]) assert.match(value ?? '', /^-ERR IDGEN_REQUEST_INVALID /)
    assert.match(trace ?? '', /^-ERR IDGEN\.TRACE takes /)
    assert.match(version ?? '', /^-NOPROTO /)
  }
  for (const broken of [
    '*1\r\n'.repeat(10_000),
    '*2147483648\r\n',
    '*33\r\n',
    '*1\r\n$-1\r\n',
    '*1\r\n$-2147483648\r\n',
    '*1\r\n$513\r\n',
    '*1\r\n$1e3\r\n',
    '*1\r\n$4294967300\r\nPING\r\n',
    '*1.0\r\n$4\r\nPING\r\n',
    '*\r\n',
    '*1\r\n$\r\n',
    `${'x'.repeat(600)}\r\n`,
  ]) {
    const [told = '', ...more] = await replies(on, broken)
    assert.match(told, /^-ERR Protocol error: /, broken.slice(0, 40))
    assert.deepEqual(more, [])
  }
}
