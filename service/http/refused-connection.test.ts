import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { connect as connectSecure } from 'node:tls'
import { HttpApi } from '../../test/fixtures/http-api.ts'
import { connected, untilClosed } from '../../test/fixtures/loopback-socket.ts'
import { ScriptedCertificates } from '../../test/fixtures/scripted-certificates.ts'
import { selfSigned } from '../../test/fixtures/self-signed.ts'
import { ConnectionPlaces } from '../sockets/connection-places.ts'
import { createSecureServer } from './secure-server.ts'

const ASKED = 'GET /livez HTTP/1.1\r\nhost: x\r\n\r\n'

test('a connection too many reads why, whatever it sends, and its place is given on', async (t) => {
  const api = await HttpApi.start(t, {}, { places: ConnectionPlaces.upTo(1, 'http') })
  await api.app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = api.app.server.address() as AddressInfo
  const first = await connected(t, port)
  const second = await connected(t, port)
  second.write(ASKED + 'x'.repeat(100_000))
  const text = await untilClosed(second)
  assert.match(text, /^HTTP\/1\.1 503 Service Unavailable\r\n/)
  assert.match(text, /\r\nretry-after: 1\r\n/)
  assert.match(text, /IDGEN_OVERLOADED.*server\.http\.maxConnections/)
  first.write(ASKED)
  assert.match(String((await once(first, 'data'))[0]), /^HTTP\/1\.1 200/)
  first.destroy()
  const third = async (): Promise<string> => {
    const socket = await connected(t, port)
    socket.write(ASKED)
    return String((await once(socket, 'data'))[0])
  }
  let answer = ''
  // The server hears of the end a moment later.
  for (let tries = 0; tries < 100 && !answer.startsWith('HTTP/1.1 200'); tries += 1) answer = await third()
  assert.match(answer, /^HTTP\/1\.1 200/)
})

test('connections that never agree on keys take places of the API too, plain and encrypted together', async (t) => {
  const secure = createSecureServer(new ScriptedCertificates(selfSigned('idgen')), 'TLSv1.3')
  const api = await HttpApi.start(t, {}, { secure, places: ConnectionPlaces.upTo(2, 'http') })
  secure.listen(0, '127.0.0.1')
  await Promise.all([once(secure, 'listening'), api.app.listen({ host: '127.0.0.1', port: 0 })])
  const ports = [secure, api.app.server].map((server) => (server.address() as AddressInfo).port)
  const [securePort = 0, plainPort = 0] = ports
  const silent = [await connected(t, securePort), await connected(t, plainPort)]
  const isLetIn = (): Promise<boolean> =>
    new Promise((resolve) => {
      const socket = connectSecure({ port: securePort, host: '127.0.0.1', rejectUnauthorized: false })
      socket.on('secureConnect', () => {
        resolve(true)
        socket.destroy()
      })
      socket.on('error', () => resolve(false))
      socket.on('close', () => resolve(false))
    })
  assert.equal(await isLetIn(), false)
  silent[0]?.destroy()
  let isOpen = false
  // The server hears of the end a moment later.
  for (let tries = 0; tries < 100 && !isOpen; tries += 1) isOpen = await isLetIn()
  // The server would wait for it when it closes.
  silent[1]?.destroy()
  assert.ok(isOpen, 'the place of a silent one is not given on')
})
