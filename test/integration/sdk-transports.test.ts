import type { TestContext } from 'node:test'
import { grpc } from '../../sdk/grpc.ts'
import { httpTransport } from '../../sdk/transports/http-transport.ts'
import type { NodeRecord } from '../../service/app/node-record.ts'
import type { UseCases } from '../../service/app/use-cases.ts'
import { type TransportTarget, transportContract } from '../contracts/sdk-transport.contract.ts'
import { GrpcApi } from '../fixtures/grpc-api.ts'
import { HttpApi } from '../fixtures/http-api.ts'
import type { MemoryUseCases } from '../fixtures/memory-use-cases.ts'

const NODE: NodeRecord = {
  dc: 1,
  node: 'a/1',
  http: 'http://node.example:8080',
  grpc: 'node.example:50051',
  version: '1',
  startedAt: '2026-01-01T00:00:00.000Z',
}

/** The transports of the client library against the servers that idgen runs, over loopback. */

transportContract('HTTP', httpTransport, 'http', async (t) => {
  const { app, memory } = await HttpApi.withTags(t)
  return target(t, await app.listen({ host: '127.0.0.1', port: 0 }), memory)
})

transportContract('gRPC', grpc(), 'grpc', async (t) => {
  const { address, memory } = await GrpcApi.withTags(t)
  return target(t, `grpc://${address}`, memory)
})

async function target(t: TestContext, endpoint: string, memory: MemoryUseCases): Promise<TransportTarget> {
  const { useCases } = memory
  useCases.nodes.start(NODE)
  t.after(() => useCases.nodes.stop())
  const draft = { name: 'foreign', scopes: ['issue'] as const, within: 'acme/other', expiresAt: undefined }
  const { text } = await useCases.keys.create({ actor: 'test', traceId: undefined }, draft)
  return { endpoint, key: memory.keyText, foreignKey: text, fromDc3: () => requestsFrom(useCases, '3') }
}

function requestsFrom({ traffic }: UseCases, dc: string): number {
  let found = 0
  traffic.each((clientDc, requests) => {
    if (clientDc === dc) found = requests
  })
  return found
}
