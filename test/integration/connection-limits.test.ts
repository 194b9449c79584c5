import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { connected, untilClosed } from '../fixtures/loopback-socket.ts'
import { startService } from '../fixtures/service-process.ts'
import { until } from '../fixtures/until.ts'
import { testDatabase } from './postgres-server.ts'

const PER_ADDRESS = 6

test('one address has as many connections as it may over all protocols and threads, and the metrics say so', async (t) => {
  const database = await testDatabase()
  t.after(() => database.drop())
  const service = await startService({
    IDGEN_DATABASE_URL: database.url,
    IDGEN_SERVER_RESP_ENABLED: 'true',
    IDGEN_SERVER_THREADS: '2',
    IDGEN_SERVER_MAX_CONNECTIONS_PER_ADDRESS: String(PER_ADDRESS),
  })
  t.after(() => service.stop('SIGTERM'))
  const ports = [
    Number(new URL(service.httpOrigin).port),
    Number(service.grpcAddress.split(':')[1]),
    service.respPort ?? 0,
  ]
  const [httpPort = 0, grpcPort = 0, respPort = 0] = ports
  const open = await Promise.all([...ports, ...ports].map((port) => connected(t, port)))
  // Once the last of them is answered all are counted.
  for (const at of [2, 5]) {
    open[at]?.write('PING\r\n')
    assert.match(String((await once(open[at] ?? assert.fail(), 'data'))[0]), /NOAUTH/)
  }
  const metrics = async (): Promise<string> => (await fetch(`${service.metricsOrigin}/metrics`)).text()
  await until('both gRPC connections are counted', async () =>
    /connections\{protocol="grpc"\} 2/.test(await metrics()),
  )

  const [http, grpc, resp] = await Promise.all(
    [httpPort, grpcPort, respPort].map(async (port) => untilClosed(await connected(t, port))),
  )
  assert.match(http ?? '', /^HTTP\/1\.1 503 [\s\S]*server\.maxConnectionsPerAddress/)
  assert.equal(grpc, '')
  assert.equal(resp, '-ERR max number of clients reached\r\n')
  const text = await metrics()
  for (const protocol of ['http', 'grpc', 'resp']) {
    assert.match(text, new RegExp(`idgen_connections\\{protocol="${protocol}"\\} 2\n`))
    assert.match(
      text,
      new RegExp(`idgen_connections_refused_total\\{protocol="${protocol}",reason="address"\\} 1\n`),
    )
  }
  open[0]?.destroy()
  await until('the place of the one that went is free', async () => {
    const socket = await connected(t, respPort)
    socket.write('PING\r\n')
    const answer = String((await once(socket, 'data'))[0])
    socket.destroy()
    return answer.startsWith('-NOAUTH')
  })
})
