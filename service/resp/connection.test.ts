import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { command, RespDesk } from '../../test/fixtures/resp-desk.ts'
import { ScriptedIssuer } from '../../test/fixtures/scripted-issuer.ts'
import { settle } from '../../test/fixtures/settle.ts'

const KEYED = command('AUTH', 'key')

async function keyed(issuer?: ScriptedIssuer): Promise<RespDesk> {
  const desk = new RespDesk<ScriptedIssuer>(issuer)
  desk.receive(KEYED)
  await settle()
  assert.equal(desk.socket.read, '+OK\r\n')
  desk.socket.read = ''
  return desk
}

describe('order', () => {
  test('a burst takes one batch per tag and answers in the order of the commands', async () => {
    const desk = await keyed(new ScriptedIssuer().tag('w/g/a').tag('w/g/b', 'segment', 100n))
    const [a, b] = [command('INCR', 'w/g/a'), command('INCR', 'w/g/b')]
    desk.receive(a + b + a + a + b)
    assert.equal(desk.socket.read, ':1\r\n:100\r\n:2\r\n:3\r\n:101\r\n')
    assert.deepEqual(desk.issuer.counted, ['k1 w/g/a ok 3 3', 'k1 w/g/b ok 2 2'])
    assert.deepEqual([desk.issuer.taken, desk.issuer.answered], [5, 5])
  })

  test('what stands behind a command that waits is answered after it, and nothing is read meanwhile', async () => {
    const desk = await keyed()
    desk.issuer.notInMemory = 1
    desk.issuer.hold = true
    const incr = command('INCR', 'w/g/t')
    assert.equal(desk.receive(`${incr}${command('PING')}${incr}${incr.slice(0, 9)}`), false)
    await settle()
    assert.equal(desk.socket.read, '')
    desk.issuer.release()
    await settle()
    assert.equal(desk.socket.read, ':1\r\n+PONG\r\n:2\r\n')
    assert.equal(desk.socket.resumed, 2, 'once after AUTH, once now')
    desk.receive(incr.slice(9))
    assert.equal(desk.socket.read, ':1\r\n+PONG\r\n:2\r\n:3\r\n')
  })

  test('other clients are served while one waits, and no answer goes to the wrong one', async () => {
    const desk = await keyed()
    const [other, socket] = second(desk)
    desk.receive(KEYED, other)
    await settle()
    desk.issuer.notInMemory = 1
    desk.issuer.hold = true
    desk.receive(command('INCR', 'w/g/t').repeat(2))
    desk.receive(command('INCR', 'w/g/t').repeat(3), other)
    assert.equal(socket.read, '+OK\r\n:1\r\n:2\r\n:3\r\n')
    assert.equal(desk.socket.read, '')
    desk.issuer.release()
    await settle()
    assert.equal(desk.socket.read, ':4\r\n:5\r\n')
  })

  test('runs that do not follow on one another are printed one after the other', async () => {
    const issuer = new ScriptedIssuer().tag('w/g/t', 'segment', 98n, 2)
    const desk = await keyed(issuer)
    desk.receive(command('INCR', 'w/g/t').repeat(5))
    assert.equal(desk.socket.read, ':98\r\n:99\r\n:100\r\n:101\r\n:102\r\n')
  })

  test('more commands than a burst holds are answered all the same', async () => {
    const desk = await keyed()
    desk.receive(command('INCR', 'w/g/t').repeat(2000))
    assert.equal(desk.socket.read, Array.from({ length: 2000 }, (_, i) => `:${i + 1}\r\n`).join(''))
    assert.equal(desk.work.counters.commands, 2001)
  })

  test('a client that is gone while its command waits is forgotten', async () => {
    const desk = await keyed()
    desk.issuer.notInMemory = 1
    desk.issuer.hold = true
    desk.receive(command('INCR', 'w/g/t'))
    desk.socket.destroy()
    desk.issuer.release()
    await settle()
    assert.deepEqual([desk.socket.read, desk.work.replies.length, desk.faults], ['', 0, []])
  })
})

describe('what cannot be answered with an integer', () => {
  test('a snowflake is refused by INCR and told as a string by IDGEN.NEXT', async () => {
    const desk = await keyed(new ScriptedIssuer().tag('w/g/s', 'snowflake', 2n ** 60n))
    desk.receive(command('INCR', 'w/g/s') + command('IDGEN.NEXT', 'w/g/s'))
    assert.match(
      desk.socket.read,
      /^-ERR IDGEN_NUMBER_UNSAFE w\/g\/s issues by snowflake now, .*\r\n\$19\r\n1152921504606846977\r\n$/,
    )
    assert.deepEqual(desk.issuer.counted, ['k1 w/g/s ok 1 1', 'k1 w/g/s IDGEN_NUMBER_UNSAFE 1 0'])
    assert.deepEqual([desk.issuer.taken, desk.issuer.answered], [2, 1])
  })

  test('with wideIntegers INCR tells it', async () => {
    const issuer = new ScriptedIssuer().tag('w/g/s', 'snowflake', 2n ** 63n - 1n)
    const desk = new RespDesk(issuer, { wideIntegers: true })
    desk.receive(KEYED)
    await settle()
    assert.equal(desk.ask('INCR', 'w/g/s'), ':9223372036854775807\r\n')
  })

  test('a UUID is a string', async () => {
    const desk = await keyed(new ScriptedIssuer().tag('w/g/u', 'uuid-v7', 0xfen))
    desk.receive(command('IDGEN.NEXT', 'w/g/u') + command('INCR', 'w/g/u') + command('IDGEN.NEXT', 'w/g/u'))
    assert.match(
      desk.socket.read,
      /^\$36\r\n00000000-0000-0000-0000-0000000000fe\r\n-ERR IDGEN_NUMBER_UNSAFE .* uuid-v7 .*\r\n\$36\r\n00000000-0000-0000-0000-000000000000\r\n$/,
    )
  })
})

describe('keys', () => {
  test('without one every command of the pipeline is refused, in order', () => {
    const desk = new RespDesk()
    desk.receive(command('INCR', 'w/g/t') + command('PING') + command('IDGEN.RUNS', 'w/g/t', '5'))
    const refusal = '-NOAUTH IDGEN_UNAUTHENTICATED This connection needs an API key first: AUTH idg_...\r\n'
    assert.equal(desk.socket.read, refusal.repeat(3))
    assert.deepEqual(desk.issuer.counted, ['none w/g/t IDGEN_UNAUTHENTICATED 1 0'])
    assert.deepEqual([desk.issuer.taken, desk.issuer.answered], [0, 0])
  })

  test('a key may not reach beyond what it is limited to, and no ID is taken for it', async () => {
    const issuer = new ScriptedIssuer().tag('w/g/t').tag('w/g/tt').tag('w2/g/t')
    issuer.callers.set('key', { keyId: 'k1', scopes: ['issue'], within: 'w/g/t' })
    const desk = await keyed(issuer)
    desk.receive(command('INCR', 'w/g/tt') + command('INCR', 'w/g/t') + command('INCR', 'w2/g/t'))
    assert.match(desk.socket.read, /^-NOPERM IDGEN_FORBIDDEN .*\r\n:1\r\n-NOPERM IDGEN_FORBIDDEN .*\r\n$/)
    assert.equal(issuer.tags.get('w/g/tt')?.next, 1n)
  })

  test('what one key may, another does not on the same tag', async () => {
    const desk = await keyed()
    assert.equal(desk.ask('INCR', 'w/g/t'), ':1\r\n')
    desk.issuer.callers.set('key', { keyId: 'k1', scopes: ['audit'], within: '' })
    assert.match(desk.ask('INCR', 'w/g/t'), /^-NOPERM IDGEN_FORBIDDEN /)
  })

  test('a key that was revoked gets no further ID through a connection that stays open', async () => {
    const desk = await keyed()
    assert.equal(desk.ask('INCR', 'w/g/t'), ':1\r\n')
    desk.issuer.callers.delete('key')
    desk.receive(command('INCR', 'w/g/t').repeat(2))
    await settle()
    assert.match(desk.socket.read, /^:1\r\n(?:-NOAUTH IDGEN_UNAUTHENTICATED .*\r\n){2}$/)
  })

  test('a key that was forgotten here is asked for again, and the commands wait for it', async () => {
    const desk = await keyed()
    desk.issuer.forgetful = true
    desk.issuer.hold = true
    desk.receive(command('INCR', 'w/g/t'))
    await settle()
    assert.deepEqual([desk.socket.read, desk.issuer.waiting], ['', 1])
    desk.issuer.release()
    await settle()
    assert.equal(desk.socket.read, ':1\r\n')
  })
})

describe('a client that does not read', () => {
  test('is not read from until it has read, and nothing it was sent changes meanwhile', async () => {
    const desk = await keyed()
    const [other, socket] = second(desk)
    desk.receive(KEYED, other)
    await settle()
    desk.socket.slow = true
    assert.equal(desk.receive(command('INCR', 'w/g/t').repeat(3)), false)
    desk.receive(command('INCR', 'w/g/t').repeat(50), other)
    assert.equal(socket.read.split('\r\n').length, 52)
    desk.socket.drain()
    assert.equal(desk.socket.read, ':1\r\n:2\r\n:3\r\n')
    assert.equal(desk.socket.resumed, 2)
    assert.equal(desk.ask('INCR', 'w/g/t'), ':54\r\n')
  })

  test('is answered on while little is unread, and none of that changes either', async () => {
    const desk = await keyed()
    const [other, socket] = second(desk)
    desk.receive(KEYED, other)
    await settle()
    desk.socket.slow = true
    desk.socket.highWater = 1000
    for (let i = 0; i < 3; i += 1) {
      assert.equal(desk.receive(command('INCR', 'w/g/t')), true)
      desk.receive(command('ECHO', 'xxxxxxxxxxxx'), other)
    }
    desk.socket.drain()
    assert.equal(desk.socket.read, ':1\r\n:2\r\n:3\r\n')
    assert.equal(socket.read.length, 5 + 3 * 19)
  })

  test('has the rest of its commands answered once it has read', async () => {
    const desk = await keyed()
    desk.socket.slow = true
    // Each answer is longer than what is written at once, so it stands before the next command is looked at.
    desk.issuer.tag('w/g/r', 'segment', 1n, 1)
    const runs = command('IDGEN.RUNS', 'w/g/r', '20000')
    assert.equal(desk.receive(runs + runs + command('PING')), false)
    assert.equal(desk.issuer.tags.get('w/g/r')?.next, 20_001n, 'the second is not even begun')
    assert.equal(desk.socket.read, '')
    desk.socket.drain()
    assert.ok(desk.socket.read.endsWith('+PONG\r\n'))
  })

  test('is cut off after a while', async () => {
    const desk = await keyed()
    desk.socket.slow = true
    desk.receive(command('INCR', 'w/g/t'))
    desk.clock.advance(999)
    assert.equal(desk.socket.destroyed, false)
    desk.clock.advance(1)
    assert.equal(desk.socket.destroyed, true)
    assert.equal(desk.work.counters.stalled, 1)
  })

  test('is cut off where all of its key hold too much together, and gives its room back', async () => {
    const desk = await keyed()
    desk.socket.slow = true
    desk.receive(command('INCR', 'w/g/t'))
    const [other, socket] = second(desk)
    desk.receive(KEYED, other)
    await settle()
    socket.slow = true
    desk.receive(command('INCR', 'w/g/t'), other)
    const cut: string[] = []
    const stall = (name: string, bytes: number): void =>
      desk.work.stalled
        .client(() => cut.push(name))
        .begin(bytes, { keyId: 'k1', address: desk.socket.remoteAddress })
    stall('the large one', 67_108_864 - 70_000)
    assert.deepEqual([desk.socket.destroyed, socket.destroyed], [true, false])
    assert.equal(desk.work.counters.stalled, 1)
    desk.connection.closed()
    socket.drain()
    stall('the small one', 70_000)
    assert.deepEqual(cut, [])
    stall('the last one', 1)
    assert.deepEqual(cut, ['the large one'])
  })

  test('without a key has little room, and takes none of those who have one', async () => {
    const desk = await keyed()
    desk.socket.slow = true
    desk.receive(command('INCR', 'w/g/t'))
    const [stranger, socket] = second(desk)
    socket.slow = true
    desk.receive(command('PING'), stranger)
    assert.equal(socket.destroyed, false)
    desk.work.stalled
      .client(() => assert.fail('who stalled longest goes'))
      .begin(8_388_608, { keyId: undefined, address: desk.socket.remoteAddress })
    assert.equal(socket.destroyed, true)
    assert.equal(desk.socket.destroyed, false)
  })

  test('and reads in time leaves no alarm behind', async () => {
    const desk = await keyed()
    desk.socket.slow = true
    desk.receive(command('INCR', 'w/g/t'))
    desk.socket.drain()
    assert.equal(desk.clock.pending, 0)
  })
})

describe('the end', () => {
  test('what is not the protocol ends the connection, after the answers to what came before', async () => {
    const desk = await keyed()
    desk.receive(`${command('INCR', 'w/g/t')}*1\r\n!x\r\n${command('INCR', 'w/g/t')}`)
    assert.equal(desk.socket.read, ":1\r\n-ERR Protocol error: expected '$', got '!'\r\n")
    assert.equal(desk.socket.ended, true)
    assert.equal(desk.work.counters.protocolErrors, 1)
    desk.receive(command('INCR', 'w/g/t'))
    assert.equal(desk.issuer.tags.get('w/g/t')?.next, 2n, 'nothing is issued after the end')
  })

  for (const [length, bytes] of [
    [':', 10],
    ['A', 17],
    ['A5', 175],
    ['+5', 5],
  ] as const)
    test(`a length of ${length} is no length, and no ID is taken`, async () => {
      const desk = await keyed()
      desk.receive(`*2\r\n$4\r\nINCR\r\n$${length}\r\n${'x'.repeat(bytes)}\r\n`)
      assert.equal(desk.socket.read, '-ERR Protocol error: invalid bulk length\r\n')
      assert.deepEqual(desk.issuer.counted, [])
    })

  test('a retired connection at work ends with its next answers', async () => {
    const desk = await keyed()
    desk.connection.retire()
    assert.equal(desk.socket.ended, false)
    desk.receive(command('INCR', 'w/g/t').repeat(2))
    assert.deepEqual([desk.socket.read, desk.socket.ended], [':1\r\n:2\r\n', true])
  })

  test('a retired connection that is idle ends after a moment', async () => {
    const desk = await keyed()
    desk.connection.retire()
    desk.clock.advance(999)
    assert.equal(desk.socket.ended, false, 'a command may be on its way')
    desk.clock.advance(1)
    assert.equal(desk.socket.ended, true)
  })

  test('a retired connection does not end while its last command waits', async () => {
    const desk = await keyed()
    desk.issuer.notInMemory = 1
    desk.issuer.hold = true
    desk.receive(command('INCR', 'w/g/t'))
    desk.connection.retire()
    desk.clock.advance(1000)
    assert.equal(desk.socket.ended, false)
    desk.issuer.release()
    await settle()
    assert.deepEqual([desk.socket.read, desk.socket.ended], [':1\r\n', true])
  })

  test('a retired connection ends only between commands, and not while one waits', async () => {
    const desk = await keyed()
    desk.issuer.notInMemory = 1
    desk.issuer.hold = true
    const incr = command('INCR', 'w/g/t')
    desk.receive(incr + incr.slice(0, 10))
    desk.connection.retire()
    desk.clock.advance(1000)
    desk.issuer.release()
    await settle()
    assert.deepEqual([desk.socket.read, desk.socket.ended], [':1\r\n', false])
    desk.receive(incr.slice(10))
    assert.deepEqual([desk.socket.read, desk.socket.ended], [':1\r\n:2\r\n', true])
  })

  test('a client that closes its side has its commands answered, but for one that is not complete', async () => {
    const desk = await keyed()
    desk.receive(`${command('INCR', 'w/g/t')}*2\r\n`)
    desk.connection.inputEnded()
    assert.deepEqual([desk.socket.read, desk.socket.ended], [':1\r\n', true])
  })

  test('one that does not close after the end is cut off', async () => {
    const desk = await keyed()
    desk.ask('QUIT')
    desk.clock.advance(1999)
    assert.equal(desk.socket.destroyed, false)
    desk.clock.advance(1)
    assert.equal(desk.socket.destroyed, true)
  })

  test('a fault of ours ends one connection, and none of its answers reaches another', async () => {
    const desk = await keyed()
    const [other, socket] = second(desk)
    desk.receive(KEYED, other)
    await settle()
    desk.issuer.count = () => {
      throw new Error('broken')
    }
    desk.receive(command('INCR', 'w/g/t'))
    assert.deepEqual([desk.socket.destroyed, desk.faults.length], [true, 1])
    desk.issuer.count = () => {}
    desk.receive(command('INCR', 'w/g/t'), other)
    assert.equal(socket.read, '+OK\r\n:2\r\n')
  })
})

function second(desk: RespDesk) {
  const socket = desk.newSocket()
  return [desk.another(socket), socket] as const
}
