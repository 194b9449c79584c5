import type { FastifyInstance, FastifyRequest } from 'fastify'
import { IdgenError } from '../core/errors.ts'
import { isProbe } from './probe-paths.ts'
import type { RequestAdmission } from './request-admission.ts'

/** RFC 6797: a browser that was here asks encrypted only for a year, also where a link says otherwise. */
export const STRICT_TRANSPORT = ['strict-transport-security', 'max-age=31536000'] as const

/**
 * Who asks without encryption is told to come back with it, by 308 so that the method stays; `port` is where clients reach
 * the encrypted listener. Nothing is answered, and no key is read, before that. Probes come from an orchestrator inside, which
 * knows no certificate.
 */
export function redirectToHttps(
  app: FastifyInstance,
  port: () => number,
  admission: Pick<RequestAdmission, 'admitAddress'>,
): void {
  app.addHook('onRequest', (request, reply, done) => {
    if (isEncrypted(request)) reply.header(...STRICT_TRANSPORT)
    if (isEncrypted(request) || isProbe(request)) return done()
    admission.admitAddress(request.raw)
    const suffix = port() === 443 ? '' : `:${port()}`
    reply
      .code(308)
      .header('cache-control', 'no-store')
      .header('location', `https://${hostName(request)}${suffix}${request.url}`)
      .send()
  })
}

function isEncrypted({ raw: { socket } }: FastifyRequest): boolean {
  return 'encrypted' in socket
}

function hostName({ headers: { host = '' } }: FastifyRequest): string {
  const name = HOST.exec(host)?.[1]
  if (name !== undefined) return name
  throw new IdgenError(
    'IDGEN_REQUEST_INVALID',
    `This server answers HTTPS only, and without a Host header that names it (not ${JSON.stringify(host.slice(0, 80))}) it cannot say where.`,
  )
}

/** A name, an IPv4 address, or an IPv6 one in brackets; then maybe a port. */
const HOST = /^([a-z0-9._-]{1,253}|\[[0-9a-f:.]{2,45}\])(?::\d{1,5})?$/i
