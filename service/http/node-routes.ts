import type { FastifyInstance } from 'fastify'
import { authorizeReader } from '../app/authorize-reader.ts'
import { CLIENT_DC_HEADER, clientDcOf } from '../app/dc-traffic.ts'
import { nodeList } from '../app/node-list.ts'
import { NODES_LISTED_MAX } from '../app/node-registry.ts'
import type { UseCases } from '../app/use-cases.ts'
import { DC_COUNT_MAX } from '../core/snowflake-layout.ts'
import { problemResponses } from './problem.ts'
import { callerOf } from './request-state.ts'

interface NodeQuery {
  readonly dc?: string
}

/** Where clients may go: any valid key may ask, but for one that only writes alerts. */
export function nodeRoutes(app: FastifyInstance, useCases: UseCases): void {
  app.addSchema(NODE_SCHEMA)
  app.get<{ Querystring: NodeQuery }>('/v1/nodes', { schema: LIST }, async (request) => {
    authorizeReader(callerOf(request))
    return nodeList(useCases, clientDcOf(request.query.dc ?? request.headers[CLIENT_DC_HEADER]))
  })
}

const NODE_PROPERTIES = {
  dc: { type: 'integer', minimum: 0, maximum: DC_COUNT_MAX - 1 },
  node: { type: 'string', description: 'Name of the process.' },
  http: { type: 'string', description: 'Where clients reach its HTTP API.' },
  grpc: { type: 'string', description: 'Where clients reach its gRPC API, host:port.' },
  version: { type: 'string', description: 'Of idgen.' },
  startedAt: { type: 'string', format: 'date-time', description: 'By its own clock.' },
} as const

const NODE_SCHEMA = {
  $id: 'Node',
  type: 'object',
  required: Object.keys(NODE_PROPERTIES),
  properties: {
    ...NODE_PROPERTIES,
    resp: {
      type: 'string',
      description: 'Where Redis clients reach it, redis:// or rediss://; left out where it serves none.',
    },
  },
} as const

const LIST = {
  operationId: 'listNodes',
  summary: 'List the running processes, those of your own data centre first',
  description: `At most ${NODES_LISTED_MAX}, the nodes of one data centre by name: choose among those of your own by chance, go to others when none of them answers, and ask again now and then (docs/data-centres.md). Needs any valid key, but for one with the scope \`alert\` alone.`,
  tags: ['nodes'],
  querystring: {
    type: 'object',
    additionalProperties: false,
    properties: {
      dc: {
        type: 'string',
        enum: Array.from({ length: DC_COUNT_MAX }, (_, dc) => String(dc)),
        description:
          'Data centre whose nodes come first. Left out: that of the header Idgen-Client-Dc, else that of this process.',
      },
    },
  },
  response: {
    200: {
      description: 'The nodes.',
      type: 'object',
      required: ['dc', 'current', 'nodes'],
      properties: {
        dc: { ...NODE_PROPERTIES.dc, description: 'Whose nodes come first.' },
        current: {
          type: 'boolean',
          description: 'False while etcd is away: these are the last known ones, some may be gone.',
        },
        nodes: { type: 'array', items: { $ref: 'Node#' } },
      },
    },
    ...problemResponses([
      'IDGEN_REQUEST_INVALID',
      'IDGEN_UNAUTHENTICATED',
      'IDGEN_FORBIDDEN',
      'IDGEN_RATE_LIMITED',
      'IDGEN_INTERNAL',
      'IDGEN_STORE_UNAVAILABLE',
    ]),
  },
}
