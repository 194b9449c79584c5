import { type ChannelCredentials, Metadata, type ServiceError, status } from '@grpc/grpc-js'
import { STATUS_DETAILS } from '../../service/grpc/answer-heads.ts'
import { ErrorInfo } from '../../service/grpc/generated/google/rpc/error_details.ts'
import { Status } from '../../service/grpc/generated/google/rpc/status.ts'
import {
  type GenerateResponse,
  type GenerateStreamResponse,
  IdFormat,
} from '../../service/grpc/generated/idgen/v1/id_service.ts'
import { IdServiceClient } from '../fixtures/grpc-stubs.ts'
import { AskFailed } from './ask-ids.ts'

export interface GrpcTarget {
  readonly address: string
  readonly key: string
  readonly credentials: ChannelCredentials
}

/** One channel, as a caller has it: the library connects anew by itself. */
export class GrpcCaller {
  readonly #client: IdServiceClient
  readonly #metadata = new Metadata()

  constructor({ address, key, credentials }: GrpcTarget) {
    this.#client = new IdServiceClient(address, credentials, {
      // A connection of its own: callers of one process would share it otherwise.
      'grpc.use_local_subchannel_pool': 1,
      'grpc.initial_reconnect_backoff_ms': 100,
      'grpc.max_reconnect_backoff_ms': 500,
    })
    this.#metadata.set('authorization', `Bearer ${key}`)
  }

  /** @throws AskFailed */
  one(tag: string): Promise<readonly string[]> {
    return new Promise((resolve, reject) => {
      const done = (error: ServiceError | null, answer?: GenerateResponse): void => {
        if (error !== null || answer === undefined) return reject(failure(error))
        resolve([answer.id])
      }
      this.#client.generate({ tag }, this.#metadata, { deadline: Date.now() + LIMIT_MS }, done)
    })
  }

  /**
   * One stream for `messages` questions, a pause before each; gives every answer to `take`. Ends early, without an
   * error, when `ended` says so. @throws AskFailed
   */
  async stream(tag: string, messages: number, talk: StreamTalk): Promise<void> {
    const stream = this.#client.generateStream(this.#metadata)
    // Told by the iterator below; without a listener one that comes after its end would end the process.
    stream.on('error', () => {})
    const answers = (stream as AsyncIterable<GenerateStreamResponse>)[Symbol.asyncIterator]()
    try {
      for (let message = 0; message < messages && !talk.ended(); message += 1) {
        stream.write({ tag, count: 2, format: IdFormat.TEXT })
        const answer = await withLimit(answers.next())
        if (answer.done === true) throw new AskFailed('ended', 'the stream ended without an error')
        talk.take(answer.value.texts)
        await talk.pause()
      }
      stream.end()
      await withLimit(answers.next())
    } catch (thrown) {
      throw thrown instanceof AskFailed ? thrown : failure(thrown as ServiceError)
    } finally {
      stream.cancel()
    }
  }

  close(): void {
    this.#client.close()
  }
}

export interface StreamTalk {
  readonly take: (ids: readonly string[]) => void
  readonly pause: () => Promise<void>
  readonly ended: () => boolean
}

async function withLimit<T>(answer: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new AskFailed('late', 'no answer on the stream')), LIMIT_MS)
  })
  return await Promise.race([answer, late]).finally(() => clearTimeout(timer))
}

function failure(error: ServiceError | null): AskFailed {
  if (error === null) return new AskFailed('cut off', 'neither an answer nor an error')
  const [bytes] = error.metadata?.get(STATUS_DETAILS) ?? []
  if (Buffer.isBuffer(bytes)) {
    const told = Status.decode(bytes).details.find(({ typeUrl }) => typeUrl.endsWith('ErrorInfo'))
    if (told !== undefined) return new AskFailed(ErrorInfo.decode(told.value).reason, error.details)
  }
  return new AskFailed(`gRPC ${status[error.code] ?? error.message}`, error.details ?? error.message)
}

const LIMIT_MS = 8000
