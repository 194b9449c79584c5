import type { FastifyInstance } from 'fastify'
import type { InstanceStatus } from '../app/instance-status.ts'
import { problemResponses } from './problem.ts'
import { STATUS_POLICY, statusPage, wantsPage } from './status-page.ts'

const TEXT = { type: 'string' } as const
const NUMBER = { type: 'integer' } as const

const STATUS_SCHEMA = {
  $id: 'Status',
  type: 'object',
  required: ['state', 'summary', 'instance', 'version', 'dataCentre', 'ports', 'nowMs', 'upMs', 'findings'],
  properties: {
    state: {
      type: 'string',
      enum: ['well', 'troubled', 'unable', 'stopping'],
      description: 'troubled: IDs are served, and something needs a look. unable: no tag can be served.',
    },
    summary: { ...TEXT, description: 'The state in a sentence.' },
    instance: TEXT,
    version: TEXT,
    dataCentre: NUMBER,
    installation: {
      ...TEXT,
      description: 'Who runs the data centre: `datacenter.installation`, or what names the database.',
    },
    ports: {
      type: 'object',
      description:
        'Where it listens, by protocol: http, https, grpc, resp, metrics; what is off is left out.',
      additionalProperties: NUMBER,
    },
    nowMs: { ...NUMBER, description: 'Unix milliseconds.' },
    upMs: { ...NUMBER, description: 'Since the start.' },
    findings: {
      type: 'array',
      description: 'What was looked at, the worst first.',
      items: {
        type: 'object',
        required: ['verdict', 'what', 'found'],
        properties: {
          verdict: { type: 'string', enum: ['ok', 'warning', 'bad'] },
          what: TEXT,
          found: TEXT,
          todo: { ...TEXT, description: 'What to do; left out where nothing is.' },
        },
      },
    },
  },
} as const

/** How this process is, in plain words: a page for a browser, JSON for everybody else. */
export function statusRoute(app: FastifyInstance, status: InstanceStatus): void {
  app.addSchema(STATUS_SCHEMA)
  const policy = STATUS_POLICY()
  app.get(
    '/status',
    {
      schema: {
        operationId: 'status',
        tags: ['health'],
        summary: 'How the server is, in plain words',
        description:
          'A page where `Accept` names text/html, otherwise JSON. Needs any valid key but one with the scope `alert` alone, which a browser may send as a password with any name, unless `server.openDocuments` is set. On the metrics port it is open.',
        response: {
          200: {
            description: 'How it is; also when that is bad.',
            content: {
              'application/json': { schema: { $ref: 'Status#' } },
              'text/html': { schema: TEXT },
            },
          },
          ...problemResponses([
            'IDGEN_UNAUTHENTICATED',
            'IDGEN_FORBIDDEN',
            'IDGEN_RATE_LIMITED',
            'IDGEN_INTERNAL',
            'IDGEN_STORE_UNAVAILABLE',
          ]),
        },
      },
    },
    (request, reply) => {
      const report = status.read()
      reply.header('cache-control', 'no-store').header('vary', 'accept')
      if (!wantsPage(request.headers.accept)) return reply.type('application/json').send(report)
      reply.header('content-security-policy', policy)
      return reply.type('text/html; charset=utf-8').send(statusPage(report))
    },
  )
}
