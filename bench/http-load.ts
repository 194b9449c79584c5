import { connect, type Socket } from 'node:net'

/** One round of load: `requests` in all, spread over `connections`, each with one request in flight. */
export interface LoadRound {
  readonly port: number
  readonly path: string
  readonly authorization: string
  /** JSON text; empty for a request without a body. */
  readonly body: string
  readonly connections: number
  readonly requests: number
}

export interface LoadResult {
  readonly answers: number
  readonly ms: number
}

/**
 * A client that costs as little as possible: prepared bytes out, and just enough parsing to find the end of an
 * answer. Anything but 200 ends the round with an error: a bench that measures errors measures nothing.
 */
export async function runRound(round: LoadRound): Promise<LoadResult> {
  const request = Buffer.from(
    [
      `POST ${round.path} HTTP/1.1`,
      'host: 127.0.0.1',
      `authorization: ${round.authorization}`,
      ...(round.body === '' ? [] : ['content-type: application/json']),
      `content-length: ${round.body.length}`,
      '',
      round.body,
    ].join('\r\n'),
  )
  const budget = { left: round.requests }
  const awake = stayAwake()
  const begin = performance.now()
  await Promise.all(
    Array.from({ length: round.connections }, () =>
      keepAsking(connect(round.port, '127.0.0.1'), request, budget),
    ),
  )
  awake[Symbol.dispose]()
  return { answers: round.requests, ms: performance.now() - begin }
}

/**
 * Keeps this process's processor from going idle. On a virtual machine a server pays for waking an idle one with every
 * answer, some 10 µs; so a server that is slower than its client was charged for its client's idleness: 2.0 instead of
 * 1.5 times the floor.
 */
function stayAwake(): Disposable {
  let awake = true
  const turn = (): void => {
    if (awake) setImmediate(turn)
  }
  turn()
  return {
    [Symbol.dispose]() {
      awake = false
    },
  }
}

function keepAsking(socket: Socket, request: Buffer, budget: { left: number }): Promise<void> {
  return new Promise((resolve, reject) => {
    let pending = ''
    socket.setNoDelay(true)
    socket.on('error', reject)
    socket.on('connect', ask)
    socket.on('data', (chunk) => {
      pending += chunk.toString('latin1')
      const length = answerLength(pending)
      if (length === undefined || pending.length < length) return
      if (!pending.startsWith('HTTP/1.1 200')) reject(new Error(pending.slice(0, 300)))
      pending = pending.slice(length)
      ask()
    })
    function ask(): void {
      if (budget.left > 0) {
        budget.left -= 1
        socket.write(request)
        return
      }
      socket.end()
      resolve()
    }
  })
}

/** Bytes of the first answer in `text`, headers included; undefined until its headers are all there. */
function answerLength(text: string): number | undefined {
  const headersEnd = text.indexOf('\r\n\r\n')
  if (headersEnd < 0) return undefined
  const length = /\r\ncontent-length: *(\d+)\r\n/i.exec(text.slice(0, headersEnd + 2))?.[1]
  if (length === undefined) throw new Error(`an answer without content-length: ${text.slice(0, 300)}`)
  return headersEnd + 4 + Number(length)
}

// The load runs in a process of its own, so that its processor time is not counted as the server's.
if (process.send !== undefined && process.argv[1] === import.meta.filename)
  process.on('message', (round: LoadRound) => {
    runRound(round).then(
      (result) => process.send?.(result),
      (error: unknown) => process.send?.({ error: String(error) }),
    )
  })
