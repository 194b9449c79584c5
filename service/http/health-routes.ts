import type { FastifyInstance } from 'fastify'
import type { Readiness } from '../app/readiness.ts'

const READINESS_SCHEMA = {
  $id: 'Readiness',
  type: 'object',
  required: ['ready', 'draining', 'degraded'],
  properties: {
    ready: { type: 'boolean', description: 'False: send no traffic.' },
    draining: { type: 'boolean', description: 'True: the server is about to stop.' },
    degraded: {
      type: 'boolean',
      description: 'True: something works only in part. Not a reason to take the server out of service.',
    },
  },
} as const

/**
 * Open to everybody: an orchestrator has no key. So it names nothing: what is in trouble, and why, would tell a stranger the
 * names of tags, hosts and workspaces. That is on the metrics port (probe-server.ts) and on /status, which needs a key.
 */
export function healthRoutes(app: FastifyInstance, readiness: Readiness): void {
  app.addSchema(READINESS_SCHEMA)
  const open = { tags: ['health'], security: [] } as const
  app.get(
    '/livez',
    {
      schema: {
        operationId: 'livez',
        summary: 'Whether the process runs',
        ...open,
        response: {
          200: {
            description: 'It runs.',
            type: 'object',
            required: ['live'],
            properties: { live: { type: 'boolean' } },
          },
        },
      },
    },
    (_request, reply) => reply.header('cache-control', 'no-store').send({ live: true }),
  )
  const answer = { content: { 'application/json': { schema: { $ref: 'Readiness#' } } } }
  app.get(
    '/readyz',
    {
      schema: {
        operationId: 'readyz',
        summary: 'Whether the server can serve',
        ...open,
        response: {
          200: {
            description: 'It can; where `degraded` is true, /status says what is in trouble.',
            ...answer,
          },
          503: { description: 'It cannot, or it is about to stop.', ...answer },
        },
      },
    },
    (_request, reply) => {
      // No key, no limit: asking costs nothing.
      const { ready, draining, degraded } = readiness.recent()
      return reply
        .code(ready ? 200 : 503)
        .header('cache-control', 'no-store')
        .send({ ready, draining, degraded: degraded.length > 0 })
    },
  )
}
