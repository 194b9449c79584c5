import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type handleUnaryCall, Server, ServerCredentials } from '@grpc/grpc-js'
import { type GenerateRequest, type GenerateResponse } from '../service/grpc/generated/idgen/v1/id_service.ts'
import { createGrpcServer } from '../service/grpc/server.ts'
import { createHttpServer } from '../service/http/server.ts'
import { IdServiceService } from '../test/fixtures/grpc-stubs.ts'
import { MEMORY_TAG, memoryIdgen } from './memory-idgen.ts'

/** How the load process asks. */
export type Transport = 'unary' | 'stream' | 'http'

/** What a server under measurement tells the bench when it listens. */
export interface GrpcListening {
  readonly port: number
  /** Of the tag over gRPC (w/g/t), of the route over HTTP. */
  readonly path: string
  readonly authorization: string
}

/** The floor: bare grpc-js with the generated codec and a constant answer. */

async function startEcho(): Promise<GrpcListening> {
  const answer: GenerateResponse = { id: '1234567', algorithm: 1, degraded: false }
  const generate: handleUnaryCall<GenerateRequest, GenerateResponse> = (_call, callback) =>
    callback(null, answer)
  const server = new Server()
  server.addService({ generate: IdServiceService.generate }, { generate })
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    )
  })
  return { port, path: MEMORY_TAG, authorization: 'Bearer none' }
}

/** The other floor: bare node:http with a constant answer of the same size. */
async function startBareHttp(): Promise<GrpcListening> {
  const body = '{"ids":["1234567"],"algorithm":"segment","degraded":false}'
  const headers = { 'content-type': 'application/json; charset=utf-8', 'content-length': body.length }
  const server = createServer((_request, response) => {
    response.writeHead(200, headers)
    response.end(body)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return { port, path: '/', authorization: 'Bearer none' }
}

/** Ours, whole, with authentication on; only the stores are in memory. */
async function startIdgen(protocol: 'grpc' | 'http'): Promise<GrpcListening> {
  const { useCases, tag, key } = await memoryIdgen(100_000)
  const authorization = `Bearer ${key}`
  if (protocol === 'grpc') {
    const server = createGrpcServer(useCases, { maxMessageBytes: 65_536 })
    return { port: await server.listen({ host: '127.0.0.1', port: 0 }), path: tag, authorization }
  }
  const app = await createHttpServer(useCases, { bodyLimit: 65_536, version: '0.0.0-bench' })
  const port = Number(new URL(await app.listen({ host: '127.0.0.1', port: 0 })).port)
  return { port, path: '/v1/workspaces/bench/groups/load/tags/single/ids', authorization }
}

const STARTS = {
  echo: startEcho,
  bare: startBareHttp,
  idgen: () => startIdgen('grpc'),
  http: () => startIdgen('http'),
} as const

if (process.send !== undefined) {
  const listening = await STARTS[process.argv[2] as keyof typeof STARTS]()
  process.on('message', () => {
    const { user, system } = process.cpuUsage()
    process.send?.({ cpuMicros: user + system })
  })
  process.send(listening)
}
