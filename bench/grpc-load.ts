import { Agent, request as httpRequest } from 'node:http'
import { Client, credentials, Metadata } from '@grpc/grpc-js'
import { IdFormat } from '../service/grpc/generated/idgen/v1/id_service.ts'
import { IdServiceService } from '../test/fixtures/grpc-stubs.ts'
import type { Transport } from './grpc-servers.ts'
import { thinHttp, thinStream, thinUnary } from './thin-client.ts'

/** One round of load: `requests` in all, `callers` of them in flight; over gRPC all on one connection. */
export interface GrpcRound {
  readonly port: number
  /** Of the tag over gRPC (w/g/t), of the route over HTTP. */
  readonly path: string
  readonly authorization: string
  readonly callers: number
  readonly requests: number
  readonly transport: Transport
  /** `library`: Node's own. `thin`: bytes made ahead (thin-client.ts). */
  readonly client: 'library' | 'thin'
}

/** From asking to the answer, median of the calls; microseconds. */
interface Latency {
  readonly medianMicros: number
}

/** Asks for one ID and resolves when it has it. */
interface Asker {
  ask(): Promise<void>
  close(): void
}

async function runRound(round: GrpcRound): Promise<Latency> {
  const asker = round.client === 'thin' ? await THIN[round.transport](round, round.callers) : askerOf(round)
  const micros: number[] = []
  let left = round.requests
  await Promise.all(
    Array.from({ length: round.callers }, async () => {
      while (left > 0) {
        left -= 1
        const asked = performance.now()
        await asker.ask()
        micros.push((performance.now() - asked) * 1000)
      }
    }),
  )
  asker.close()
  micros.sort((a, b) => a - b)
  return { medianMicros: micros[micros.length >> 1] ?? Number.NaN }
}

const THIN = { http: thinHttp, unary: thinUnary, stream: thinStream } as const

function askerOf(round: GrpcRound): Asker {
  if (round.transport === 'http') return httpAsker(round)
  const client = new Client(`127.0.0.1:${round.port}`, credentials.createInsecure())
  const metadata = new Metadata()
  metadata.set('authorization', round.authorization)
  return round.transport === 'unary'
    ? unaryAsker(client, metadata, round.path)
    : streamAsker(client, metadata, round.path)
}

function unaryAsker(client: Client, metadata: Metadata, tag: string): Asker {
  const { path, requestSerialize, responseDeserialize } = IdServiceService.generate
  return {
    ask: () =>
      new Promise((resolve, reject) => {
        client.makeUnaryRequest(
          path,
          requestSerialize,
          responseDeserialize,
          { tag },
          metadata,
          (error, answer) =>
            error === null && answer?.id !== ''
              ? resolve()
              : reject(error ?? new Error('an answer without an ID')),
        )
      }),
    close: () => client.close(),
  }
}

/** Answers come in the order of the requests, so the oldest waiting caller is whose answer it is. */
function streamAsker(client: Client, metadata: Metadata, tag: string): Asker {
  const { path, requestSerialize, responseDeserialize } = IdServiceService.generateStream
  const stream = client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize, metadata)
  const waiting: { resolve(): void; reject(error: unknown): void }[] = []
  stream.on('data', () => waiting.shift()?.resolve())
  stream.on('error', (error) => {
    for (const caller of waiting) caller.reject(error)
  })
  return {
    ask: () =>
      new Promise((resolve, reject) => {
        waiting.push({ resolve, reject })
        stream.write({ tag, count: 1, format: IdFormat.RUNS })
      }),
    close: () => {
      stream.end()
      client.close()
    },
  }
}

function httpAsker({ port, path, authorization, callers }: GrpcRound): Asker {
  const agent = new Agent({ keepAlive: true, maxSockets: callers })
  const headers = { authorization, 'content-length': 0 }
  return {
    ask: () =>
      new Promise((resolve, reject) => {
        const sent = httpRequest(
          { host: '127.0.0.1', port, path, method: 'POST', agent, headers },
          (response) => {
            let text = ''
            response.setEncoding('utf8')
            response.on('data', (chunk: string) => (text += chunk))
            // Parsed, because the other side's answers are objects too when they arrive.
            response.on('end', () =>
              (JSON.parse(text) as { ids?: string[] }).ids?.length === 1
                ? resolve()
                : reject(new Error(text)),
            )
          },
        )
        sent.on('error', reject)
        sent.end()
      }),
    close: () => agent.destroy(),
  }
}

if (process.send !== undefined && process.argv[1] === import.meta.filename)
  process.on('message', (round: GrpcRound) => {
    runRound(round).then(
      (latency) => process.send?.(latency),
      (error: unknown) => process.send?.({ error: String(error) }),
    )
  })
