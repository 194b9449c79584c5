import { TIME } from './entity-schemas.ts'
import { PRINTABLE_PATTERN } from './name-pattern.ts'
import { PAGE_QUERY_SCHEMA, pageSchema } from './page-cursor.ts'
import { COMMON_CODES, problemResponses } from './problem.ts'

const TEXT_OR_NULL = { type: ['string', 'null'] } as const

const FIELDS = {
  id: { type: 'integer', description: 'Tells records of one moment apart.' },
  at: TIME,
  actor: { type: 'string', description: 'Id of the API key, `system`, `cli` or `etcd`.' },
  action: { type: 'string', description: 'For example tag.update, key.revoke, algorithm.degrade.' },
  subject: { type: 'string', description: 'What it was done to: `w/g/t`, a key id, …' },
  workspace: TEXT_OR_NULL,
  result: { type: 'string', description: '`ok` or an error code.' },
  traceId: TEXT_OR_NULL,
  detail: { type: 'object', additionalProperties: true, description: 'Before and after, counts, reasons.' },
  link: {
    type: ['object', 'null'],
    additionalProperties: true,
    description:
      'Its place in the hash chain of the process that wrote it: chain, seq, previousHash, hash. Null in records from before there were chains.',
  },
} as const

export const AUDIT_RECORD_SCHEMA = {
  $id: 'AuditRecord',
  type: 'object',
  required: Object.keys(FIELDS),
  properties: FIELDS,
} as const

const TEXT = { type: 'string', minLength: 1, maxLength: 300, pattern: PRINTABLE_PATTERN } as const

const FILTERS = {
  from: { ...TIME, description: 'First moment.' },
  to: { ...TIME, description: 'Moment before which it ends.' },
  actor: { ...TEXT, description: 'Exactly this one; so for all that follow.' },
  action: TEXT,
  subject: TEXT,
  workspace: TEXT,
  result: TEXT,
  traceId: TEXT,
} as const

const CODES = [...COMMON_CODES, 'IDGEN_CURSOR_INVALID', 'IDGEN_OVERLOADED'] as const
const RIGHTS =
  'Needs the scope `audit`. A key that is limited to a workspace, group or tag sees the records of that part alone.'

export const LIST_AUDIT = {
  operationId: 'listAuditRecords',
  summary: 'Read the audit log, newest first',
  description: `${RIGHTS} Records that are written meanwhile shift no page.`,
  tags: ['audit'],
  querystring: {
    ...PAGE_QUERY_SCHEMA,
    properties: { ...PAGE_QUERY_SCHEMA.properties, ...FILTERS },
  },
  response: { 200: pageSchema('AuditRecord'), ...problemResponses(CODES) },
} as const

export const EXPORT_LIMIT_MAX = 1_000_000

export const EXPORT_AUDIT = {
  operationId: 'exportAuditRecords',
  summary: 'Read the audit log as lines, oldest first',
  description: `${RIGHTS} One AuditRecord a line. Where the limit ends it, or 10,000 records where server.threads answer, the last line is \`{"nextCursor": "…"}\`; where it fails on the way, \`{"error": …}\`.`,
  tags: ['audit'],
  querystring: {
    type: 'object',
    additionalProperties: false,
    properties: {
      limit: {
        type: 'integer',
        minimum: 1,
        maximum: EXPORT_LIMIT_MAX,
        default: EXPORT_LIMIT_MAX,
        description: 'Most records.',
      },
      cursor: { type: 'string', maxLength: 500, description: '`nextCursor` of the export before.' },
      ...FILTERS,
    },
  },
  response: {
    200: {
      description: 'The lines.',
      content: { 'application/x-ndjson': { schema: { type: 'string' } } },
    },
    ...problemResponses(CODES),
  },
} as const
