import type { IncomingMessage, RequestOptions } from 'node:http'
import { get as httpsGet } from 'node:https'
import { EtcdNoAnswer } from './etcd-error.ts'
import type { Endpoint, EtcdTls } from './etcd-options.ts'

/** Not imported, for the same reason as in http/node-http.ts. */
const { get: httpGet } = process.getBuiltinModule('node:http')

/**
 * A member's Unix time, from the Date header of its answer to GET /version: etcd has no call that tells the time. The
 * header is cut to whole seconds, so half a second is added: off by 500 ms and the way here at most.
 */
export async function memberTimeMs(endpoint: Endpoint, tls: EtcdTls, timeoutMs: number): Promise<number> {
  const { date = '' } = (await ask(endpoint, tls, timeoutMs)).headers
  const dateMs = Date.parse(date)
  if (Number.isNaN(dateMs)) throw new EtcdNoAnswer(`etcd answered GET /version without a date ("${date}")`)
  return dateMs + 500
}

function ask({ secure, host, port }: Endpoint, tls: EtcdTls, timeoutMs: number): Promise<IncomingMessage> {
  const target: RequestOptions = {
    host: host.replace(/^\[(.*)\]$/, '$1'),
    port,
    path: '/version',
    // A connection of its own: a pooled one may hang on a member that is gone.
    agent: false,
    signal: AbortSignal.timeout(Math.max(1, Math.ceil(timeoutMs))),
  }
  return new Promise((resolve, reject) => {
    const done = (response: IncomingMessage): void => {
      resolve(response)
      response.on('error', () => {})
      response.destroy()
    }
    const request = secure ? httpsGet({ ...target, ...tls }, done) : httpGet(target, done)
    request.on('error', (cause) => reject(new EtcdNoAnswer(cause.message, { cause })))
  })
}
