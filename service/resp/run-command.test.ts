import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { command, RespDesk } from '../../test/fixtures/resp-desk.ts'
import { ScriptedIssuer } from '../../test/fixtures/scripted-issuer.ts'
import { settle } from '../../test/fixtures/settle.ts'

const EVERYBODY = { keyId: 'anonymous', scopes: ['issue'], within: '' } as const

/** Nobody needs a key. */
function open(issuer = new ScriptedIssuer().tag('w/g/t')): RespDesk {
  issuer.callers.set('open', EVERYBODY)
  return new RespDesk(issuer)
}

async function answered(desk: RespDesk, ...words: string[]): Promise<string> {
  const before = desk.socket.read.length
  desk.receive(command(...words))
  await settle()
  return desk.socket.read.slice(before)
}

describe('the connection', () => {
  for (const words of [
    ['AUTH', 'key'],
    ['AUTH', 'default', 'key'],
    ['auth', 'anybody', 'key'],
  ])
    test(`${words.join(' ')} lets a client in`, async () => {
      const desk = new RespDesk()
      assert.equal(await answered(desk, ...words), '+OK\r\n')
      assert.equal(desk.ask('INCR', 'w/g/t'), ':1\r\n')
    })

  test('a wrong key is refused by the word that clients know, and the one before stays', async () => {
    const desk = new RespDesk()
    await answered(desk, 'AUTH', 'key')
    assert.match(await answered(desk, 'AUTH', 'wrong'), /^-WRONGPASS IDGEN_UNAUTHENTICATED /)
    assert.equal(desk.ask('INCR', 'w/g/t'), ':1\r\n')
  })

  test('RESET forgets the key and the version', async () => {
    const desk = new RespDesk()
    await answered(desk, 'HELLO', '3', 'AUTH', 'default', 'key')
    assert.equal(desk.ask('RESET'), '+RESET\r\n')
    assert.match(desk.ask('INCR', 'w/g/t'), /^-NOAUTH /)
    await answered(desk, 'AUTH', 'key')
    assert.equal(desk.ask('CLIENT', 'GETNAME'), '$-1\r\n')
  })

  test('HELLO introduces the server in the version asked for', async () => {
    const desk = open()
    assert.match(desk.ask('HELLO'), /^\*14\r\n\$6\r\nserver\r\n\$5\r\nidgen\r\n/)
    assert.match(
      desk.ask('HELLO', '3', 'SETNAME', 'me'),
      /^%7\r\n.*\$5\r\nproto\r\n:3\r\n\$2\r\nid\r\n:7\r\n.*\$7\r\nmodules\r\n\*0\r\n$/s,
    )
    assert.equal(desk.ask('CLIENT', 'GETNAME'), '$2\r\nme\r\n')
    assert.match(desk.ask('HELLO', '2'), /^\*14\r\n/)
  })

  for (const [words, refusal] of [
    [['HELLO', '4'], /^-NOPROTO /],
    [['HELLO', '3', 'AUTH', 'key'], /^-ERR Syntax error in HELLO option 'AUTH'/],
    [['HELLO', '3', 'SETNAME', 'a b'], /^-ERR Client names cannot contain spaces/],
    [['HELLO', '3', 'AUTH', 'default', 'wrong'], /^-WRONGPASS /],
    [['HELLO', '3'], /^-NOAUTH HELLO needs a key first/],
  ] as const)
    test(`${words.join(' ')} without a key is refused and changes nothing`, async () => {
      const desk = new RespDesk()
      assert.match(await answered(desk, ...words), refusal)
      await answered(desk, 'AUTH', 'key')
      assert.equal(desk.ask('CLIENT', 'GETNAME'), '$-1\r\n', 'version 2, no name')
    })

  for (const [words, answer] of [
    [['PING'], '+PONG\r\n'],
    [['PING', 'hi'], '$2\r\nhi\r\n'],
    [['ECHO', 'grüße'], '$7\r\ngrÃ¼Ã\x9fe\r\n'],
    [['SELECT', '0'], '+OK\r\n'],
    [['SELECT', '1'], '-ERR DB index is out of range: idgen has only 0\r\n'],
    [['CLIENT', 'SETINFO', 'LIB-NAME', 'x'], '+OK\r\n'],
    [['CLIENT', 'SETNAME', 'x'], '+OK\r\n'],
    [
      ['CLIENT', 'SETNAME', 'x y'],
      '-ERR Client names cannot contain spaces, newlines or special characters.\r\n',
    ],
    [['CLIENT', 'SETNAME'], "-ERR wrong number of arguments for 'client|setname' command\r\n"],
    [['CLIENT', 'ID'], ':7\r\n'],
    [['CLIENT', 'KILL', 'x'], "-ERR unknown subcommand 'KILL' of CLIENT\r\n"],
    [['COMMAND'], '*0\r\n'],
    [['COMMAND', 'DOCS'], '*0\r\n'],
    [['COMMAND', 'COUNT'], ':0\r\n'],
    [['CONFIG', 'GET', 'save'], '*2\r\n$4\r\nsave\r\n$0\r\n\r\n'],
    [['CONFIG', 'GET', 'maxmemory'], '*0\r\n'],
    [['CONFIG', 'SET', 'save', ''], '-ERR CONFIG SET does nothing here: idgen is set by its own file\r\n'],
    [['PING', 'a', 'b'], "-ERR wrong number of arguments for 'ping' command\r\n"],
    [['INCR'], "-ERR wrong number of arguments for 'incr' command\r\n"],
    [['INCR', 'a', 'b'], "-ERR wrong number of arguments for 'incr' command\r\n"],
    [['GET', 'x'], "-ERR unknown command 'GET', with args beginning with: 'x'\r\n"],
    [['constructor'], "-ERR unknown command 'constructor'\r\n"],
    [['a\r\nb'], "-ERR unknown command 'a  b'\r\n"],
  ] as const)
    test(`${JSON.stringify(words)} is answered ${JSON.stringify(answer)}`, () => {
      assert.equal(open().ask(...words), answer)
    })

  test('QUIT ends the connection and leaves what stands behind it', () => {
    const desk = open()
    desk.receive(command('QUIT') + command('INCR', 'w/g/t'))
    assert.deepEqual([desk.socket.read, desk.socket.ended], ['+OK\r\n', true])
  })

  test('a form that a browser was made to send ends without an answer', () => {
    const desk = open()
    desk.receive('POST / HTTP/1.1\r\nHost: x\r\n\r\nINCR w/g/t\r\n')
    assert.deepEqual([desk.socket.read, desk.socket.ended], ['', true])
    assert.equal(desk.issuer.tags.get('w/g/t')?.next, 1n)
  })

  test('INFO says what clients look for, in the form of the version', () => {
    const desk = open()
    assert.match(
      desk.ask('INFO'),
      /^\$\d+\r\n# Server\r\nredis_version:7.*\r\nidgen_version:1\.2\.3\r\n.*loading:0\r\n\r\n$/s,
    )
    desk.ask('HELLO', '3')
    const [, length = '', text = ''] = /^=(\d+)\r\n(.*)\r\n$/s.exec(desk.ask('INFO', 'server')) ?? []
    assert.equal(text.length, Number(length))
    assert.ok(text.startsWith('txt:# Server'))
  })
})

describe('many IDs', () => {
  test('INCRBY answers the last of so many consecutive numbers', async () => {
    const desk = open()
    assert.equal(desk.ask('INCRBY', 'w/g/t', '1000'), ':1000\r\n')
    assert.equal(desk.ask('incrby', 'w/g/t', '1'), ':1001\r\n')
    desk.issuer.notInMemory = 1
    assert.equal(await answered(desk, 'INCRBY', 'w/g/t', '9'), ':1010\r\n')
    assert.deepEqual(desk.issuer.counted, [
      'anonymous w/g/t ok 1 1000',
      'anonymous w/g/t ok 1 1',
      'anonymous w/g/t ok 1 9',
    ])
  })

  test('IDGEN.RUNS answers pairs of first number and count', () => {
    const desk = open(new ScriptedIssuer().tag('w/g/s', 'snowflake', 2n ** 60n, 2))
    assert.equal(
      desk.ask('IDGEN.RUNS', 'w/g/s', '3'),
      '*2\r\n*2\r\n$19\r\n1152921504606846976\r\n:2\r\n*2\r\n$19\r\n1152921504606846978\r\n:1\r\n',
    )
  })

  for (const misses of [0, 1, 2])
    test(`more runs than may be printed are had in two parts, of which ${misses} must be waited for`, async () => {
      const desk = open()
      desk.issuer.notInMemory = misses
      assert.equal(
        await answered(desk, 'IDGEN.RUNS', 'w/g/t', '250'),
        '*2\r\n*2\r\n$1\r\n1\r\n:100\r\n*2\r\n$3\r\n101\r\n:150\r\n',
      )
      assert.deepEqual(desk.issuer.counted, ['anonymous w/g/t ok 1 250'])
    })

  test('a million UUIDs are not made only to say that they have no runs', () => {
    const desk = open(new ScriptedIssuer().tag('w/g/u', 'uuid-v4', 0n))
    assert.match(
      desk.ask('IDGEN.RUNS', 'w/g/u', '100000'),
      /^-ERR IDGEN_REQUEST_INVALID .* uuid-v4 .* no runs/,
    )
    assert.equal(desk.issuer.tags.get('w/g/u')?.next, 100n)
  })

  for (const [count, code] of [
    ['0', 'IDGEN_COUNT_OUT_OF_RANGE'],
    ['-5', 'IDGEN_COUNT_OUT_OF_RANGE'],
    ['100001', 'IDGEN_COUNT_OUT_OF_RANGE'],
    ['999999999999999999999', 'IDGEN_REQUEST_INVALID'],
    ['1.5', 'IDGEN_REQUEST_INVALID'],
    ['1e3', 'IDGEN_REQUEST_INVALID'],
    ['01', 'IDGEN_REQUEST_INVALID'],
    ['+1', 'IDGEN_REQUEST_INVALID'],
    ['-0', 'IDGEN_REQUEST_INVALID'],
    ['', 'IDGEN_REQUEST_INVALID'],
    ['x', 'IDGEN_REQUEST_INVALID'],
  ] as const)
    test(`a count of ${JSON.stringify(count)} is refused by name: ${code}`, () => {
      const desk = open()
      for (const name of ['INCRBY', 'IDGEN.RUNS']) {
        const answer = desk.ask(name, 'w/g/t', count)
        assert.ok(answer.startsWith(`-ERR ${code} `), answer)
        assert.ok(answer.includes(count))
      }
      assert.equal(desk.issuer.tags.get('w/g/t')?.next, 1n)
    })

  test('names that no tag can have are refused by every command', () => {
    const desk = open()
    for (const name of ['', 'x'.repeat(192)])
      for (const words of [
        ['INCR', name],
        ['IDGEN.NEXT', name],
      ])
        assert.match(desk.ask(...words), /^-ERR IDGEN_NAME_INVALID /)
  })

  test('a key that may not issue there gets none of them', async () => {
    const desk = new RespDesk()
    desk.issuer.callers.set('key', { keyId: 'k1', scopes: ['issue'], within: 'other' })
    await answered(desk, 'AUTH', 'key')
    assert.match(await answered(desk, 'INCRBY', 'w/g/t', '5'), /^-NOPERM IDGEN_FORBIDDEN /)
    assert.deepEqual(desk.issuer.counted, ['k1 w/g/t IDGEN_FORBIDDEN 1 0'])
  })
})
