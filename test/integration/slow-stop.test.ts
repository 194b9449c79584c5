// Runs beside others: it waits for a process to end, however long that takes.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect as connectHttp2 } from 'node:http2'
import { test } from 'node:test'
import { connected } from '../fixtures/loopback-socket.ts'
import { startService } from '../fixtures/service-process.ts'
import { testDatabase } from './postgres-server.ts'

test('half a command and half a gRPC message hold up no stop for the time that it may take', {
  // Below that by far, and above the 5 s that such halves are waited for.
  timeout: 300_000,
}, async (t) => {
  const database = await testDatabase()
  const service = await startService({
    IDGEN_DATABASE_URL: database.url,
    IDGEN_AUTH_ENABLED: 'false',
    IDGEN_SERVER_RESP_ENABLED: 'true',
    IDGEN_SERVER_THREADS: '2',
    IDGEN_SERVER_SHUTDOWN_TIMEOUT: '10m',
  })
  t.after(async () => {
    await service.stop('SIGKILL')
    await database.drop()
  })
  const redis = await connected(t, service.respPort ?? 0)
  redis.on('error', () => undefined)
  redis.write('PING\r\nINC')
  assert.equal(String((await once(redis, 'data'))[0]), '+PONG\r\n')
  const session = connectHttp2(`http://${service.grpcAddress}`)
  t.after(() => session.destroy())
  session.on('error', () => undefined)
  await once(session, 'connect')
  const call = session.request({
    ':method': 'POST',
    ':path': '/idgen.v1.IdService/Generate',
    'content-type': 'application/grpc',
    te: 'trailers',
  })
  call.on('error', () => undefined)
  call.write(Buffer.from('00000000120a', 'hex'))
  // The first one may be sent before what it is to follow, but not after the second.
  for (let i = 0; i < 2; i += 1) await new Promise<void>((resolve) => session.ping(() => resolve()))
  const answered = once(call, 'response')
  const stopped = service.stop('SIGTERM')
  const [fields] = (await answered) as [Record<string, unknown>]
  assert.equal(fields['grpc-status'], '14')
  assert.equal(await stopped, 0)
})
