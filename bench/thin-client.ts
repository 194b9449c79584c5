import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { encodeFields } from '../service/http2/hpack-encoder.ts'

/**
 * Callers who do next to nothing themselves: the request's bytes are made once, of the answer only its
 * end is looked for. So what they see is the service; with Node's client libraries most of a call is their own time.
 */
export interface ThinClient {
  /** Asks for one ID and resolves when its answer is whole. */
  ask(): Promise<void>
  close(): void
}

export interface ThinTarget {
  readonly port: number
  /** Of the tag over gRPC (w/g/t), of the route over HTTP. */
  readonly path: string
  readonly authorization: string
}

/** A connection per caller: HTTP/1.1 has one request at a time on each. */
export async function thinHttp(target: ThinTarget, callers: number): Promise<ThinClient> {
  const free = await Promise.all(Array.from({ length: callers }, () => oneHttp(target)))
  const all = [...free]
  return {
    ask: async () => {
      const one = free.pop()
      if (one === undefined) throw new Error('more callers than said')
      await one.ask()
      free.push(one)
    },
    close: () => {
      for (const one of all) one.close()
    },
  }
}

async function oneHttp({ port, path, authorization }: ThinTarget): Promise<ThinClient> {
  const socket = await connected(port)
  const request = Buffer.from(
    `POST ${path} HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: ${authorization}\r\ncontent-length: 0\r\n\r\n`,
  )
  const answers = new Answers(socket, (bytes) => {
    const head = bytes.indexOf('\r\n\r\n')
    if (head < 0) return undefined
    const length = Number(/content-length: (\d+)/i.exec(bytes.toString('latin1', 0, head))?.[1])
    const end = head + 4 + length
    if (bytes.length < end) return undefined
    return { end, isWell: bytes.toString('latin1', 9, 12) === '200' }
  })
  return client(socket, answers, () => request)
}

export async function thinUnary({ port, path, authorization }: ThinTarget): Promise<ThinClient> {
  const socket = await connected(port)
  socket.write(BEGIN)
  const block = encodeFields(fieldsOf('Generate', authorization))
  const message = messageOf(path)
  let stream = -1
  const answers = new Answers(socket, (bytes) =>
    frames(bytes, (type, flags) => type === HEADERS && (flags & 1) === 1),
  )
  return client(socket, answers, () => {
    stream += 2
    return Buffer.concat([frame(HEADERS, 4, stream, block), frame(DATA, 1, stream, message)])
  })
}

export async function thinStream({ port, path, authorization }: ThinTarget): Promise<ThinClient> {
  const socket = await connected(port)
  const block = encodeFields(fieldsOf('GenerateStream', authorization))
  socket.write(Buffer.concat([BEGIN, frame(HEADERS, 4, 1, block)]))
  const message = messageOf(path, [0x10, 1])
  const request = frame(DATA, 0, 1, message)
  const answers = new Answers(socket, (bytes) => frames(bytes, (type) => type === DATA))
  return client(socket, answers, () => request)
}

interface Answer {
  readonly end: number
  readonly isWell: boolean
}

/** Resolves the callers in their order, as answers become whole: the servers here answer in order, out of memory. */
class Answers {
  #rest: Buffer = Buffer.alloc(0)
  readonly #waiting: PromiseWithResolvers<void>[] = []

  constructor(socket: Socket, find: (bytes: Buffer) => Answer | undefined) {
    socket.on('data', (chunk: Buffer) => {
      this.#rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk])
      for (let answer = find(this.#rest); answer !== undefined; answer = find(this.#rest)) {
        const caller = this.#waiting.shift()
        if (answer.isWell) caller?.resolve()
        else caller?.reject(new Error(`refused: ${this.#rest.toString('latin1')}`))
        this.#rest = this.#rest.subarray(answer.end)
      }
    })
    socket.on('close', () => {
      for (const caller of this.#waiting) caller.reject(new Error('the connection was closed'))
    })
  }

  next(): Promise<void> {
    const caller = Promise.withResolvers<void>()
    this.#waiting.push(caller)
    return caller.promise
  }
}

function client(socket: Socket, answers: Answers, request: () => Buffer): ThinClient {
  return {
    ask: () => {
      const answer = answers.next()
      socket.write(request())
      return answer
    },
    close: () => socket.destroy(),
  }
}

async function connected(port: number): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true })
  await once(socket, 'connect')
  return socket
}

/** Behind the frame that ends the answer; a reset counts as one. */
function frames(bytes: Buffer, isEnd: (type: number, flags: number) => boolean): Answer | undefined {
  for (let at = 0; at + HEAD_BYTES <= bytes.length; ) {
    const end = at + HEAD_BYTES + bytes.readUIntBE(at, 3)
    if (end > bytes.length) return undefined
    const [type = 0, flags = 0] = bytes.subarray(at + 3, at + 5)
    if (type === RST_STREAM || type === GOAWAY) return { end, isWell: false }
    if (isEnd(type, flags)) return { end, isWell: true }
    at = end
  }
  return undefined
}

function fieldsOf(method: string, authorization: string): [string, string][] {
  return [
    [':method', 'POST'],
    [':scheme', 'http'],
    [':path', `/idgen.v1.IdService/${method}`],
    [':authority', '127.0.0.1'],
    ['content-type', 'application/grpc'],
    ['te', 'trailers'],
    ['authorization', authorization],
  ]
}

/** With gRPC's prefix: field 1 is the tag. */
function messageOf(tag: string, more: readonly number[] = []): Buffer {
  const message = Buffer.concat([Buffer.from([0x0a, tag.length]), Buffer.from(tag), Buffer.from(more)])
  return Buffer.concat([Buffer.from([0, 0, 0, 0, message.length]), message])
}

function frame(type: number, flags: number, stream: number, payload: Uint8Array = Buffer.alloc(0)): Buffer {
  const head = Buffer.alloc(HEAD_BYTES)
  head.writeUIntBE(payload.length, 0, 3)
  head[3] = type
  head[4] = flags
  head.writeUInt32BE(stream, 5)
  return Buffer.concat([head, payload])
}

const HEAD_BYTES = 9
const [DATA, HEADERS, RST_STREAM, GOAWAY] = [0, 1, 3, 7] as const
const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'
/** Preface, and windows of streams and connection that no round of the bench uses up. */
const BEGIN = Buffer.concat([
  Buffer.from(PREFACE),
  frame(4, 0, 0, Buffer.from([0, 4, 0x3f, 0xff, 0, 0])),
  frame(8, 0, 0, Buffer.from([0x3f, 0xff, 0, 0])),
])
