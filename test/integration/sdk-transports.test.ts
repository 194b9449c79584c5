import { grpc } from '../../sdk/grpc.ts'
import { httpTransport } from '../../sdk/transports/http-transport.ts'
import { transportContract, transportTarget } from '../contracts/sdk-transport.contract.ts'
import { GrpcApi } from '../fixtures/grpc-api.ts'
import { HttpApi } from '../fixtures/http-api.ts'

/** The transports of the client library against the servers that idgen runs, over loopback. */

transportContract('HTTP', httpTransport, 'http', async (t) => {
  const { app, memory } = await HttpApi.withTags(t)
  return transportTarget(t, await app.listen({ host: '127.0.0.1', port: 0 }), memory)
})

transportContract('gRPC', grpc(), 'grpc', async (t) => {
  const { address, memory } = await GrpcApi.withTags(t)
  return transportTarget(t, `grpc://${address}`, memory)
})
