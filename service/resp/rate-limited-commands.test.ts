import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { command, RespDesk } from '../../test/fixtures/resp-desk.ts'
import { ScriptedIssuer } from '../../test/fixtures/scripted-issuer.ts'

const LIMITED = /^-TRYAGAIN IDGEN_RATE_LIMITED .*limits\.per(\w+)/
const TAG = 'w/g/t'

/** A client that is known, whose limits are set then. */
async function desk(
  limits: Readonly<Record<string, number>>,
  issuer = new ScriptedIssuer(),
): Promise<RespDesk> {
  const made = new RespDesk(issuer.tag(TAG).tag('w/g/other').tag('w/g/uuid', 'uuid-v7'))
  made.receive(command('AUTH', 'key'))
  await turn()
  made.socket.read = ''
  issuer.rates.configure({ perAddress: 0, perKey: 0, perTag: 0, burst: 1000, wrongKeys: 0, ...limits })
  return made
}

/** Answers, refusals by whose limit it was. */
function answers(text: string): string[] {
  return text
    .split('\r\n')
    .filter((line) => line !== '')
    .map((line) => LIMITED.exec(line)?.[1] ?? line)
}

describe('a pipeline above a limit', () => {
  test('has IDs for its first commands, and each further one is refused', async () => {
    const client = await desk({ perAddress: 3 })
    client.receive(command('INCR', TAG).repeat(5))
    assert.deepEqual(answers(client.socket.read), [':1', ':2', ':3', 'Address', 'Address'])
    assert.match(client.socket.read, /The client 192\.0\.2\.1 /)
    assert.deepEqual(client.issuer.counted.toSorted(), ['k1 w/g/t IDGEN_RATE_LIMITED 2 0', 'k1 w/g/t ok 3 3'])
    assert.deepEqual([client.issuer.taken, client.issuer.answered], [3, 3])
  })

  test('is refused as a whole once nothing is left, and takes no ID', async () => {
    const client = await desk({ perKey: 2 })
    client.receive(command('INCR', TAG).repeat(2))
    client.issuer.notInMemory = 1
    client.receive(command('INCR', TAG).repeat(3))
    assert.deepEqual(answers(client.socket.read), [':1', ':2', 'Key', 'Key', 'Key'])
    client.issuer.notInMemory = 0
    client.issuer.rates.configure({ perAddress: 0, perKey: 0, perTag: 0, burst: 1000, wrongKeys: 0 })
    assert.equal(client.ask('INCR', TAG), ':3\r\n')
  })

  test('of several tags is answered in the order of the commands', async () => {
    const client = await desk({ perTag: 2 })
    const [one, other, uuid] = [TAG, 'w/g/other', 'w/g/uuid'].map((tag) => command('IDGEN.NEXT', tag))
    client.receive(`${one}${other}${uuid}`.repeat(3))
    const told = answers(client.socket.read).filter((line) => !/^\$\d+$/.test(line))
    const uuids = [1, 2].map((n) => `00000000-0000-0000-0000-00000000000${n}`)
    assert.deepEqual(told, ['1', '1', uuids[0], '2', '2', uuids[1], 'Tag', 'Tag', 'Tag'])
  })

  test('of several tags passes as far as its caller may, whatever the tags', async () => {
    const client = await desk({ perAddress: 4 })
    const [one, other] = [TAG, 'w/g/other'].map((tag) => command('INCR', tag))
    client.receive(`${one}${one}${one}${other}${other}${one}`)
    assert.deepEqual(answers(client.socket.read), [':1', ':2', ':3', ':1', 'Address', 'Address'])
  })

  test('that must wait waits only for what was let through', async () => {
    const client = await desk({ perAddress: 2 })
    client.issuer.notInMemory = 1
    client.receive(command('INCR', TAG).repeat(3))
    await turn()
    assert.deepEqual(answers(client.socket.read), [':1', ':2', 'Address'])
  })
})

test('a command for many IDs is one request', async () => {
  const client = await desk({ perAddress: 2 })
  assert.equal(client.ask('INCRBY', TAG, '1000'), ':1000\r\n')
  assert.deepEqual(answers(client.ask('IDGEN.RUNS', TAG, '50')).slice(-1), [':50'])
  assert.deepEqual(answers(client.ask('INCRBY', TAG, '2')), ['Address'])
})

test('keys are not tried out faster than the limit', async () => {
  const client = await desk({ perAddress: 2 })
  for (let i = 0; i < 4; i += 1) {
    client.receive(command('AUTH', `wrong ${i}`))
    await turn()
  }
  const words = answers(client.socket.read).map((line) => line.split(' ')[0])
  assert.deepEqual(words, ['-WRONGPASS', '-WRONGPASS', 'Address', 'Address'])
})

/** One that has no key. */
function stranger(perAddress: number): RespDesk {
  const made = new RespDesk(new ScriptedIssuer().tag(TAG))
  made.issuer.rates.configure({ perAddress, perKey: 0, perTag: 0, burst: 1000, wrongKeys: 0 })
  return made
}

const WORDS: Readonly<Record<string, string>> = {
  NOSUCH: '-ERR',
  PING: '-NOAUTH',
  HELLO: '-NOAUTH',
  RESET: '+RESET',
  INCRBY: '-NOAUTH',
  INCR: '-NOAUTH',
}

for (const [name, word] of Object.entries(WORDS))
  test(`without a key ${name} counts for the address`, () => {
    const client = stranger(2)
    const asked = name === 'INCR' ? [name, TAG] : name === 'INCRBY' ? [name, TAG, '5'] : [name]
    const words = [1, 2, 3].map(() => answers(client.ask(...asked)).map((line) => line.split(' ')[0]))
    assert.deepEqual(words, [[word], [word], ['Address']])
    assert.equal(client.issuer.rates.refused.address, 1)
  })

test('without a key a pipeline is refused as a whole once one of it is too many', () => {
  const client = stranger(3)
  client.receive(command('INCR', TAG).repeat(5))
  assert.deepEqual(
    answers(client.socket.read),
    Array.from({ length: 5 }, () => 'Address'),
  )
})

test('commands that do not exist count for who has a key, too; those that give no IDs do not', async () => {
  const client = await desk({ perAddress: 2 })
  for (let i = 0; i < 5; i += 1) assert.equal(client.ask('PING'), '+PONG\r\n')
  for (let i = 0; i < 2; i += 1) assert.match(client.ask('NOSUCH'), /^-ERR unknown command/)
  assert.deepEqual(answers(client.ask('NOSUCH')), ['Address'])
})
