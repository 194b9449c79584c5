import { type Agent, request as plain, type RequestOptions } from 'node:http'
import { request as encrypted } from 'node:https'

/** No IDs came: a code of idgen, a status, or what the network did. */
export class AskFailed extends Error {
  readonly code: string

  constructor(code: string, message: string) {
    super(message)
    this.code = code
  }
}

export interface Ask {
  /** http://10.96.0.7:8080 */
  readonly origin: string
  /** workspace/group/tag */
  readonly tag: string
  readonly key: string
  readonly count?: number
  /** false: a connection for this request alone. */
  readonly agent: Agent | false
  readonly host?: string
  readonly tls?: { readonly ca: string; readonly servername: string }
}

export interface Answer {
  readonly ids: readonly string[]
  readonly algorithm: string
  readonly degraded: boolean
}

/** One request for IDs over HTTP. @throws AskFailed */
export async function askIds(ask: Ask): Promise<Answer> {
  const [workspace, group, tag] = ask.tag.split('/')
  const path = `/v1/workspaces/${workspace}/groups/${group}/tags/${tag}/ids`
  const { status, text } = await send(ask, path)
  const body = parsed(text)
  if (status !== 200) throw new AskFailed(body.code ?? `HTTP ${status}`, text.slice(0, 300))
  return { ids: body.ids ?? [], algorithm: body.algorithm ?? '', degraded: body.degraded === true }
}

interface Body {
  readonly ids?: readonly string[]
  readonly algorithm?: string
  readonly degraded?: boolean
  /** Of an error (RFC 9457). */
  readonly code?: string
}

/** A proxy in between answers with what it likes. */
function parsed(text: string): Body {
  try {
    return JSON.parse(text) as Body
  } catch {
    return {}
  }
}

function send(ask: Ask, path: string): Promise<{ status: number; text: string }> {
  const body = JSON.stringify(ask.count === undefined ? {} : { count: ask.count })
  const options: RequestOptions & { servername?: string; ca?: string } = {
    method: 'POST',
    agent: ask.agent,
    headers: {
      authorization: `Bearer ${ask.key}`,
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
      ...(ask.host === undefined ? {} : { host: ask.host }),
    },
    ...ask.tls,
  }
  return new Promise((resolve, reject) => {
    const fail = (error: NodeJS.ErrnoException): void => {
      clearTimeout(timer)
      reject(new AskFailed(error.code ?? error.message, error.message))
    }
    const request = ask.tls === undefined ? plain : encrypted
    const sent = request(`${ask.origin}${path}`, options, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('error', fail)
      response.on('end', () => {
        clearTimeout(timer)
        resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString('utf8') })
      })
    })
    const timer = setTimeout(() => sent.destroy(new Error('late')), LIMIT_MS)
    sent.on('error', fail)
    sent.end(body)
  })
}

/** Above the service's own deadline of 2 s, on a machine that is busy. */
const LIMIT_MS = 8000
