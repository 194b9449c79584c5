import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fastify } from 'fastify'
import { createGrpcServer } from '../service/grpc/server.ts'
import { createHttpServer } from '../service/http/server.ts'
import type { Tracer } from '../service/ports/tracer.ts'
import { tracerTo } from './bench-tracer.ts'
import { MEMORY_TAG, memoryIdgen } from './memory-idgen.ts'

/** What a server under measurement tells the bench when it listens. */
export interface Listening {
  readonly port: number
  readonly tag: string
  readonly key: string
}

/** IDs a request, where many are asked for. */
export const BATCH = 1000
/** Batches of 1000 take ten million a second: ten allocations of memory stores, as few as a service with a database has. */
const SEGMENT_STEP = 1_000_000

const ANSWER = '{"ids":["1234567"],"algorithm":"segment","degraded":false}'
/** As many texts as a batch of BATCH has, each as long as a number of a segment tag in its second million. */
const BATCH_ANSWER = JSON.stringify({
  ids: Array.from({ length: BATCH }, (_, i) => String(1_000_000 + i)),
  algorithm: 'segment',
  degraded: false,
})

/** As many bytes as BATCH numbers of eight bytes: five digits, two quotes and a comma each. */
const NUMBERS_ANSWER = JSON.stringify({ ids: Array.from({ length: BATCH }, (_, i) => String(10_000 + i)) })

/** The floor: Node's own server with an answer of the same size and nothing else. */
async function startBare(body: string): Promise<Listening> {
  const headers = { 'content-type': 'application/json; charset=utf-8', 'content-length': body.length }
  const server = createServer((_request, response) => {
    response.writeHead(200, headers)
    response.end(body)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { port: (server.address() as AddressInfo).port, tag: MEMORY_TAG, key: 'none' }
}

/** The framework with one route and nothing else. */
async function startFastify(): Promise<Listening> {
  const app = fastify()
  app.post('/v1/workspaces/:w/groups/:g/tags/:t/ids', async (_request, reply) => {
    reply.type('application/json; charset=utf-8')
    return ANSWER
  })
  await app.listen({ host: '127.0.0.1', port: 0 })
  return { port: (app.server.address() as AddressInfo).port, tag: MEMORY_TAG, key: 'none' }
}

/** Ours, whole, with authentication on; only the stores are in memory. */
export async function startHttpIdgen(tracer?: Tracer): Promise<Listening> {
  const { useCases, tag, key } = await memoryIdgen(SEGMENT_STEP, tracer)
  const app = await createHttpServer(useCases, { bodyLimit: 65_536, version: '0.0.0-bench' })
  await app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = app.server.address() as AddressInfo
  return { port, tag, key }
}

export async function startGrpcIdgen(tracer?: Tracer): Promise<Listening> {
  const { useCases, tag, key } = await memoryIdgen(SEGMENT_STEP, tracer)
  const server = createGrpcServer(useCases, { maxMessageBytes: 65_536 })
  return { port: await server.listen({ host: '127.0.0.1', port: 0 }), tag, key }
}

const STARTS: Readonly<Record<string, (...argv: readonly string[]) => Promise<Listening>>> = {
  bare: () => startBare(ANSWER),
  'bare-batch': () => startBare(BATCH_ANSWER),
  'bare-numbers': () => startBare(NUMBERS_ANSWER),
  fastify: startFastify,
  idgen: () => startHttpIdgen(),
  'idgen-traced': (collector = '', ratio = '') => startHttpIdgen(tracerTo(collector, ratio)),
  'idgen-grpc': () => startGrpcIdgen(),
  'idgen-grpc-traced': (collector = '', ratio = '') => startGrpcIdgen(tracerTo(collector, ratio)),
}

if (process.send !== undefined && process.argv[1] === import.meta.filename) {
  const listening = await STARTS[process.argv[2] ?? 'idgen']?.(...process.argv.slice(3))
  process.on('message', () => {
    const { user, system } = process.cpuUsage()
    process.send?.({ cpuMicros: user + system })
  })
  process.send(listening)
}
