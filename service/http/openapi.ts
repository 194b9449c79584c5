import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import type { FastifyInstance } from 'fastify'
import { NAME_PATTERN } from './name-pattern.ts'
import { documentQuotas } from './quota-documents.ts'

/** Collects the schema of every route registered after it. */
export async function collectOpenapi(app: FastifyInstance, version: string): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'idgen',
        version,
        summary: 'IDs that are never handed out twice.',
        description:
          'Numbers come as decimal strings: JavaScript and others lose digits above 2^53. Every answer carries `x-request-id`: yours where you sent one, else the trace id of the call; where that does not say all, since you sent a `traceparent` or an `x-request-id` or the call was chosen to be traced when it came, a W3C `traceparent` as well. Errors are RFC 9457 problems. Clients say which data centre they are in by the header `Idgen-Client-Dc` (0 to 7).',
        license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      },
      servers: [{ url: '/' }],
      tags: [
        {
          name: 'ids',
          description:
            'Issue IDs and read them. Needs the scope `issue`; reading, any key but one with `alert` alone.',
        },
        { name: 'workspaces', description: 'Needs the scope `manage`.' },
        { name: 'groups', description: 'Needs the scope `manage`.' },
        { name: 'tags', description: 'What IDs are asked of. Needs the scope `manage`.' },
        {
          name: 'declarations',
          description: 'Tags that objects of Kubernetes declare, for the operator. Needs the scope `manage`.',
        },
        { name: 'keys', description: 'API keys. Needs the scope `manage`.' },
        { name: 'audit', description: 'What was done, by whom. Needs the scope `audit`.' },
        {
          name: 'nodes',
          description: 'Where the running processes are. Needs any key but one with `alert` alone.',
        },
        { name: 'health', description: 'For orchestrators.' },
      ],
      security: [{ bearer: [] }, { apiKey: [] }],
      components: {
        securitySchemes: {
          bearer: { type: 'http', scheme: 'bearer', description: 'Authorization: Bearer idg_…' },
          apiKey: { type: 'apiKey', in: 'header', name: 'X-API-Key' },
        },
      },
    },
    // Components under their own names instead of def-0, def-1 …
    refResolver: {
      buildLocalReference: ({ $id }, _base, _fragment, i) => (typeof $id === 'string' ? $id : `def-${i}`),
    },
    transformObject: (document) =>
      'openapiObject' in document ? documentQuotas(withOptionalBodies(document.openapiObject)) : {},
    transform: ({ schema, url }) => ({ schema: withPathParameters(withPatterns(schema ?? {}), url), url }),
  })
}

/** The document itself: what docs/openapi.json holds and /openapi.json answers. Only once the app is ready. */
export function openapiDocument(app: FastifyInstance): object {
  return app.swagger()
}

/** /openapi.json, and /docs that shows it: everything from this server, so it works without the internet. */
export async function documentationRoutes(app: FastifyInstance): Promise<void> {
  app.get('/openapi.json', { schema: { hide: true } }, (_request, reply) =>
    reply.header('access-control-allow-origin', '*').send(openapiDocument(app)),
  )
  await app.register(swaggerUi, {
    routePrefix: '/docs',
    uiConfig: { persistAuthorization: false, displayRequestDuration: true, tryItOutEnabled: true },
    staticCSP: {
      'default-src': ["'self'"],
      'img-src': ["'self'", 'data:'],
      // Swagger UI sets styles on elements; scripts all come from files.
      'style-src': ["'self'", "'unsafe-inline'"],
      'object-src': ["'none'"],
      'base-uri': ["'none'"],
      'frame-ancestors': ["'none'"],
    },
  })
}

interface Operation {
  operationId?: string
  requestBody?: { required?: boolean }
}

/** The plugin calls every body required; these may be left out. */
function withOptionalBodies<D extends { readonly paths?: object }>(document: D): D {
  for (const item of Object.values(document.paths ?? {}))
    for (const operation of Object.values(item as Record<string, Operation>))
      if (OPTIONAL_BODIES.includes(operation.operationId ?? '') && operation.requestBody !== undefined)
        operation.requestBody.required = false
  return document
}

const OPTIONAL_BODIES: readonly string[] = ['issueIds', 'streamIds', 'rotateApiKey']

const PATH_PARAMETERS: Readonly<Record<string, object>> = {
  workspace: { type: 'string', pattern: NAME_PATTERN },
  group: { type: 'string', pattern: NAME_PATTERN },
  tag: { type: 'string', pattern: NAME_PATTERN },
  id: {
    type: 'string',
    description: 'A decimal number or a UUID; with `tag`, an ID in the format of that tag.',
  },
  key: { type: 'string', pattern: '^[a-z0-9]{12}$', description: 'The id of the key: 12 of a-z 0-9.' },
}

/** What `ifMatchVersion` and the directory of tags check themselves, with better texts than ajv's: said in the document alone. */
const PATTERNS: Readonly<Record<string, string>> = {
  // RFC 9110 section 8.8.3.
  'if-match': '^(?:\\*|(?:W/)?"[!#-~]*")$',
  tag: `^${NAME_PATTERN.slice(1, -1)}(?:/${NAME_PATTERN.slice(1, -1)}){2}$`,
}

function withPatterns<S extends { readonly headers?: unknown; readonly querystring?: unknown }>(
  schema: S,
): S {
  const part = (of: unknown): object | undefined => {
    const whole = of as { properties?: Record<string, object> } | undefined
    if (whole?.properties === undefined) return undefined
    const properties = Object.entries(whole.properties).map(([name, property]) => {
      const pattern = PATTERNS[name]
      return [name, pattern === undefined ? property : { ...property, pattern }]
    })
    return { ...whole, properties: Object.fromEntries(properties) as object }
  }
  const [headers, querystring] = [part(schema.headers), part(schema.querystring)]
  return { ...schema, ...(headers && { headers }), ...(querystring && { querystring }) }
}

/**
 * Says in the document what names may be. The routes themselves have no such schema: the use cases check names,
 * with an error of their own, and a second check would cost time on the path of every ID.
 */
function withPathParameters<S extends object>(schema: S, url: string): S {
  const names = [...url.matchAll(/:(\w+)/g)].map((match) => match[1] ?? '')
  if (names.length === 0) return schema
  const properties = Object.fromEntries(
    names.map((name) => [name, PATH_PARAMETERS[name] ?? { type: 'string' }]),
  )
  return { ...schema, params: { type: 'object', required: names, properties } }
}
