import assert from 'node:assert/strict'
import { once } from 'node:events'
import { Agent, request } from 'node:https'
import type { AddressInfo } from 'node:net'
import { connect as connectPlain } from 'node:net'
import { type TestContext, test } from 'node:test'
import { connect, type TLSSocket } from 'node:tls'
import { HttpApi, TAGS_URL } from '../../test/fixtures/http-api.ts'
import { ScriptedCertificates } from '../../test/fixtures/scripted-certificates.ts'
import { selfSigned } from '../../test/fixtures/self-signed.ts'
import { createSecureServer } from './secure-server.ts'

const ACTOR = { actor: 'test', traceId: undefined }
const FIRST = selfSigned('first')
const SECOND = selfSigned('second')

async function secureApi(t: TestContext, redirect = false, handshakeTimeout?: number) {
  const certificates = new ScriptedCertificates(FIRST)
  const secure = createSecureServer(certificates, 'TLSv1.3', handshakeTimeout)
  const port = (): number => (secure.address() as AddressInfo).port
  const api = await HttpApi.start(t, {}, { secure, ...(redirect ? { redirectTo: port } : {}) })
  const { catalog } = api.memory.useCases
  await catalog.createWorkspace(ACTOR, 'acme', '')
  await catalog.createGroup(ACTOR, 'acme', 'shop', '')
  await catalog.createTag(ACTOR, { workspace: 'acme', group: 'shop', name: 'segment' }, {})
  secure.listen(0, '127.0.0.1')
  await Promise.all([once(secure, 'listening'), api.app.listen({ host: '127.0.0.1', port: 0 })])
  return { api, certificates, secure, port: port() }
}

async function handshake(port: number, more: object = {}): Promise<TLSSocket> {
  const ca = [FIRST.cert, SECOND.cert]
  const socket = connect({ port, host: '127.0.0.1', servername: 'localhost', ca, ...more })
  await once(socket, 'secureConnect')
  return socket
}

interface Asked {
  readonly status: number
  readonly text: string
  /** The header Strict-Transport-Security. */
  readonly strict: string | undefined
}

function ask(port: number, agent: Agent, key: string, body = '{"count":1}'): Promise<Asked> {
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' }
    const sent = request({
      port,
      host: '127.0.0.1',
      servername: 'localhost',
      path: `${TAGS_URL}/segment/ids`,
      method: 'POST',
      agent,
      headers,
    })
    sent.on('error', reject)
    sent.on('response', (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (part: string) => (text += part))
      response.on('end', () => {
        const strict = response.headers['strict-transport-security']
        resolve({ status: response.statusCode ?? 0, text, strict })
      })
    })
    sent.end(body)
  })
}

test('the API answers over TLS 1.3, and refuses older versions and what is no TLS', async (t) => {
  const { api, port } = await secureApi(t)
  const agent = new Agent({ ca: [FIRST.cert] })
  t.after(() => agent.destroy())
  const { status, text } = await ask(port, agent, api.memory.keyText)
  assert.deepEqual([status, text.includes('"ids":["1"]')], [200, true], text)
  const socket = await handshake(port)
  assert.equal(socket.getProtocol(), 'TLSv1.3')
  socket.destroy()
  await assert.rejects(handshake(port, { maxVersion: 'TLSv1.2' }))
  const plain = connectPlain(port, '127.0.0.1')
  plain.on('error', () => {})
  plain.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n')
  let answer = ''
  plain.on('data', (data) => (answer += data.toString('latin1')))
  await once(plain, 'close')
  assert.doesNotMatch(answer, /HTTP/, 'nothing unencrypted')
})

test('a new certificate counts for new connections, and breaks none', async (t) => {
  const { api, certificates, port } = await secureApi(t)
  const agent = new Agent({ ca: [FIRST.cert], keepAlive: true, maxSockets: 1 })
  t.after(() => agent.destroy())
  assert.equal((await ask(port, agent, api.memory.keyText)).status, 200)
  certificates.change(SECOND)
  assert.equal(
    (await ask(port, agent, api.memory.keyText)).status,
    200,
    'the old connection, the old certificate',
  )
  const socket = await handshake(port)
  assert.equal(socket.getPeerCertificate().subject.CN, 'second')
  assert.equal(socket.getProtocol(), 'TLSv1.3')
  socket.destroy()
  await assert.rejects(handshake(port, { maxVersion: 'TLSv1.2' }), 'also with the new one')
})

test('who comes without encryption is sent to HTTPS, but probes are answered', async (t) => {
  const { api, port } = await secureApi(t, true)
  const to = async (url: string, host: string) =>
    api.call('POST', url, { headers: { host }, body: { count: 1 } })
  for (const [host, name] of [
    ['ids.example', 'ids.example'],
    ['ids.example:8080', 'ids.example'],
    ['127.0.0.1:1', '127.0.0.1'],
    ['[::1]:8080', '[::1]'],
  ] as const) {
    const answer = await to(`${TAGS_URL}/segment/ids?x=1`, host)
    assert.equal(answer.status, 308)
    assert.equal(answer.headers['location'], `https://${name}:${port}${TAGS_URL}/segment/ids?x=1`)
  }
  for (const host of ['a b', 'ids.example/evil', 'user@ids.example', '[::1'])
    assert.equal((await to(TAGS_URL, host)).status, 400, host)
  for (const path of ['/livez', '/readyz']) await api.expect(200, 'GET', path, { key: '' })
  const agent = new Agent({ ca: [FIRST.cert] })
  t.after(() => agent.destroy())
  // The first ID of a tag comes by the router, the next before it, more at once by the router again.
  for (const body of ['{"count":1}', '{"count":1}', '{"count":2}']) {
    const { status, strict } = await ask(port, agent, api.memory.keyText, body)
    assert.deepEqual([status, strict], [200, 'max-age=31536000'])
  }
})

test('who may come without encryption is not kept from it', async (t) => {
  const { api, port } = await secureApi(t)
  const agent = new Agent({ ca: [FIRST.cert] })
  t.after(() => agent.destroy())
  assert.equal((await ask(port, agent, api.memory.keyText)).strict, undefined)
})

test('a connection that never begins its handshake is ended', { timeout: 20_000 }, async (t) => {
  const { port, secure } = await secureApi(t, false, 50)
  const silent = connectPlain(port, '127.0.0.1')
  silent.on('error', () => {})
  await once(silent, 'close')
  const open = await new Promise<number>((resolve) => secure.getConnections((_, count) => resolve(count)))
  assert.equal(open, 0)
})

test('both listeners end together, after what is in flight', async (t) => {
  const { api, port, secure } = await secureApi(t)
  const agent = new Agent({ ca: [FIRST.cert], keepAlive: true })
  t.after(() => agent.destroy())
  await ask(port, agent, api.memory.keyText)
  await api.app.close()
  assert.deepEqual([secure.listening, api.app.server.listening], [false, false])
  await assert.rejects(ask(port, agent, api.memory.keyText))
})
