import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { TestContext } from 'node:test'

/** A message to an application of WeCom, and when it came. */
export interface WeComMessage {
  readonly atMs: number
  readonly toparty: string
  readonly agentid: string
  readonly content: string
}

export interface WeComAccount {
  readonly corpId: string
  readonly secret: string
}

/**
 * Answers as the interface of WeCom that Alertmanager calls: a token for corporation and secret, and messages with that
 * token. Refusals are 200 with an error code, as they are there.
 */
export class WeComReceiver {
  readonly messages: WeComMessage[] = []
  readonly #account: WeComAccount
  #port = 0

  private constructor(account: WeComAccount) {
    this.#account = account
  }

  static async start(t: TestContext, account: WeComAccount): Promise<WeComReceiver> {
    const receiver = new WeComReceiver(account)
    const server = createServer((request, response) => receiver.#answer(request, response))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    t.after(() => {
      server.closeAllConnections()
      server.close()
    })
    const address = server.address()
    receiver.#port = typeof address === 'object' && address !== null ? address.port : 0
    return receiver
  }

  get apiUrl(): string {
    return `http://127.0.0.1:${this.#port}/cgi-bin/`
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(request.url ?? '', this.apiUrl)
    let body = ''
    request.setEncoding('utf8').on('data', (part: string) => (body += part))
    request.on('end', () => {
      const answer = this.#answerTo(`${request.method} ${url.pathname}`, url.searchParams, body)
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer))
    })
  }

  #answerTo(call: string, query: URLSearchParams, body: string): object {
    const { corpId, secret } = this.#account
    if (call === 'GET /cgi-bin/gettoken') {
      const known = query.get('corpid') === corpId && query.get('corpsecret') === secret
      return known
        ? { errcode: 0, errmsg: 'ok', access_token: TOKEN, expires_in: 7200 }
        : { errcode: 40_001, errmsg: 'invalid credential' }
    }
    if (call !== 'POST /cgi-bin/message/send') return { errcode: 404, errmsg: call }
    if (query.get('access_token') !== TOKEN) return { errcode: 40_014, errmsg: 'invalid access_token' }
    const { toparty, agentid, msgtype, text } = JSON.parse(body) as Sent
    if (msgtype !== 'text' || text?.content === undefined) return { errcode: 40_008, errmsg: 'no text' }
    this.messages.push({ atMs: Date.now(), toparty, agentid, content: text.content })
    return { errcode: 0, errmsg: 'ok' }
  }
}

interface Sent {
  readonly toparty: string
  readonly agentid: string
  readonly msgtype: string
  readonly text?: { readonly content: string }
}

const TOKEN = 'the-token-of-the-hour'
