import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { connect, type TLSSocket } from 'node:tls'
import { GrpcApi } from '../../test/fixtures/grpc-api.ts'
import { IdServiceService } from '../../test/fixtures/grpc-stubs.ts'
import { ScriptedCertificates } from '../../test/fixtures/scripted-certificates.ts'
import { selfSigned } from '../../test/fixtures/self-signed.ts'

const FIRST = selfSigned('first')
const SECOND = selfSigned('second')
const ORDER = { tag: 'acme/shop/segment' }

async function handshake(port: number, more: object = {}): Promise<TLSSocket> {
  const ca = [FIRST.cert, SECOND.cert]
  const socket = connect({
    port,
    host: '127.0.0.1',
    servername: 'localhost',
    ALPNProtocols: ['h2'],
    ca,
    ...more,
  })
  await once(socket, 'secureConnect')
  return socket
}

test('calls are answered over TLS 1.3; a new certificate counts for new connections, and breaks none', async (t) => {
  const certificates = new ScriptedCertificates(FIRST)
  const tls = { certificates, minVersion: 'TLSv1.3' } as const
  const api = await GrpcApi.withTags(t, {}, { tls, trusted: FIRST.cert })
  const ids = [(await api.call(IdServiceService.generate, ORDER)).id]
  certificates.change(SECOND)
  ids.push((await api.call(IdServiceService.generate, ORDER)).id)
  assert.equal(new Set(ids).size, 2)
  const socket = await handshake(api.port)
  assert.deepEqual([socket.getPeerCertificate().subject.CN, socket.getProtocol()], ['second', 'TLSv1.3'])
  socket.destroy()
  await assert.rejects(handshake(api.port, { maxVersion: 'TLSv1.2' }))
})
