import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { command, RespDesk } from '../../test/fixtures/resp-desk.ts'
import { ScriptedIssuer } from '../../test/fixtures/scripted-issuer.ts'
import { settle } from '../../test/fixtures/settle.ts'
import { UNKNOWN_DC } from '../app/dc-traffic.ts'
import type { ListedNode } from '../app/node-list.ts'
import { IdgenError } from '../core/errors.ts'

const NODE: ListedNode = {
  dc: 1,
  node: 'ä/1',
  http: 'http://a:8080',
  grpc: 'a:50051',
  version: '1.2.3',
  startedAt: '2026-01-01T00:00:00.000Z',
}
const OFF = { perAddress: 0, perKey: 0, perTag: 0, burst: 1000, wrongKeys: 0 }

async function knownDesk(issuer = new ScriptedIssuer().tag('w/g/t')): Promise<RespDesk> {
  const desk = new RespDesk(issuer)
  await answered(desk, 'AUTH', 'key')
  return desk
}

async function answered(desk: RespDesk, ...words: string[]): Promise<string> {
  const before = desk.socket.read.length
  desk.receive(command(...words))
  await settle()
  return desk.socket.read.slice(before)
}

describe('the nodes', () => {
  test('come as a list of names and values, as a map where the client speaks version 3', async () => {
    const desk = await knownDesk()
    desk.listNodes = async (dc) => ({
      dc,
      current: dc !== 2,
      nodes: [{ ...NODE, resp: 'redis://a:6399' }, NODE],
    })
    const node = (begin: string, pairs: string): string =>
      `${begin}$2\r\ndc\r\n:1\r\n$4\r\nnode\r\n$4\r\n\u00c3\u00a4/1\r\n$4\r\nhttp\r\n$13\r\nhttp://a:8080\r\n$4\r\ngrpc\r\n$7\r\na:50051\r\n$7\r\nversion\r\n$5\r\n1.2.3\r\n$9\r\nstartedAt\r\n$24\r\n2026-01-01T00:00:00.000Z\r\n${pairs}`
    const resp = '$4\r\nresp\r\n$14\r\nredis://a:6399\r\n'
    assert.equal(
      await answered(desk, 'IDGEN.NODES', '2'),
      `*6\r\n$2\r\ndc\r\n:2\r\n$7\r\ncurrent\r\n:0\r\n$5\r\nnodes\r\n*2\r\n${node('*14\r\n', resp)}${node('*12\r\n', '')}`,
    )
    await answered(desk, 'HELLO', '3')
    assert.equal(
      await answered(desk, 'idgen.nodes', '0'),
      `%3\r\n$2\r\ndc\r\n:0\r\n$7\r\ncurrent\r\n:1\r\n$5\r\nnodes\r\n*2\r\n${node('%7\r\n', resp)}${node('%6\r\n', '')}`,
    )
  })

  test('those of the wanted data centre come first, else those of where the client says it runs', async () => {
    const desk = await knownDesk()
    const asked: number[] = []
    desk.listNodes = async (dc) => {
      asked.push(dc)
      return { dc: 0, current: true, nodes: [] }
    }
    await answered(desk, 'IDGEN.NODES')
    assert.equal(desk.ask('IDGEN.DC', '6'), '+OK\r\n')
    await answered(desk, 'IDGEN.NODES')
    await answered(desk, 'IDGEN.NODES', '2')
    desk.ask('RESET')
    await answered(desk, 'AUTH', 'key')
    await answered(desk, 'IDGEN.NODES')
    assert.deepEqual(asked, [UNKNOWN_DC, 6, 2, UNKNOWN_DC])
  })

  test('are answered in the order of the commands, however long the list takes', async () => {
    const desk = await knownDesk()
    const list = Promise.withResolvers<void>()
    desk.listNodes = async (dc) => {
      await list.promise
      return { dc, current: true, nodes: [] }
    }
    const incr = command('INCR', 'w/g/t')
    assert.equal(desk.receive(`${incr}${command('IDGEN.NODES', '0')}${incr}`), false)
    await settle()
    assert.ok(desk.socket.read.endsWith(':1\r\n'), desk.socket.read)
    list.resolve()
    await settle()
    assert.match(desk.socket.read, /:1\r\n\*6\r\n.*\*0\r\n:2\r\n$/s)
  })

  test('are told to any valid key, and to nobody whose key is none any more', async () => {
    const issuer = new ScriptedIssuer()
    issuer.callers.set('auditor', { keyId: 'k2', scopes: ['audit'], within: 'acme' })
    const desk = new RespDesk(issuer)
    assert.match(await answered(desk, 'IDGEN.NODES'), /^-NOAUTH IDGEN_UNAUTHENTICATED /)
    assert.match(await answered(desk, 'IDGEN.DC', '1'), /^-NOAUTH IDGEN_UNAUTHENTICATED /)
    await answered(desk, 'AUTH', 'auditor')
    assert.match(await answered(desk, 'IDGEN.NODES'), /^\*6\r\n/)
    issuer.callers.delete('auditor')
    assert.match(await answered(desk, 'IDGEN.NODES'), /^-NOAUTH IDGEN_UNAUTHENTICATED /)
  })

  test('are not told to a key that only writes alerts, which has no business here', async () => {
    const issuer = new ScriptedIssuer()
    issuer.callers.set('alerts', { keyId: 'k3', scopes: ['alert'], within: '' })
    const desk = new RespDesk(issuer)
    assert.match(await answered(desk, 'AUTH', 'alerts'), /^-NOPERM IDGEN_FORBIDDEN .*alert alone/)
    assert.match(await answered(desk, 'IDGEN.NODES'), /^-NOAUTH IDGEN_UNAUTHENTICATED /)
  })

  test('count against the limits of the address and of the key', async () => {
    for (const limit of ['perAddress', 'perKey']) {
      const desk = await knownDesk()
      desk.issuer.rates.configure({ ...OFF, [limit]: 2 })
      for (let i = 0; i < 2; i += 1) assert.match(await answered(desk, 'IDGEN.NODES'), /^\*6\r\n/)
      assert.match(await answered(desk, 'IDGEN.NODES'), /^-TRYAGAIN IDGEN_RATE_LIMITED /)
    }
  })

  test('what keeps them from coming is told, and the connection goes on', async () => {
    const desk = await knownDesk()
    desk.listNodes = () => Promise.reject(new IdgenError('IDGEN_OVERLOADED', 'Too many ask.'))
    assert.equal(await answered(desk, 'IDGEN.NODES'), '-TRYAGAIN IDGEN_OVERLOADED Too many ask.\r\n')
    assert.equal(desk.ask('INCR', 'w/g/t'), ':1\r\n')
    assert.deepEqual(desk.faults, [])
  })

  for (const name of ['IDGEN.NODES', 'IDGEN.DC'])
    for (const dc of ['8', '-1', '', '07', 'west'])
      test(`${name} ${JSON.stringify(dc)} is refused`, async () => {
        assert.match(
          await answered(await knownDesk(), name, dc),
          /^-ERR IDGEN_REQUEST_INVALID .*0 to 7\.\r\n$/,
        )
      })
})

test('every command for IDs is counted where its client says it runs, failed ones too', async () => {
  const desk = await knownDesk()
  const { clients } = desk.issuer
  const incr = command('INCR', 'w/g/t')
  desk.receive(incr.repeat(3))
  desk.receive(command('IDGEN.DC', '3') + incr.repeat(5) + command('IDGEN.NEXT', 'w/g/none'))
  await settle()
  desk.ask('INCRBY', 'w/g/t', '10')
  desk.ask('IDGEN.RUNS', 'w/g/t', '0')
  desk.ask('INCR', `w/g/${'t'.repeat(200)}`)
  await answered(desk, 'IDGEN.NODES')
  desk.ask('PING')
  assert.deepEqual(
    [...clients],
    [
      [UNKNOWN_DC, 3],
      [3, 9],
    ],
  )
})
