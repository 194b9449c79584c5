import { NODES, nodeKey } from '../core/coordination-keys.ts'
import { jsonFields } from '../core/json-object.ts'
import { DC_COUNT_MAX } from '../core/snowflake-layout.ts'
import type { Entry } from '../ports/coordinator.ts'

/**
 * A running process, as clients find it:
 *
 *     /nodes/{dc}/{node}   {"dc":0,"node":"host/1","http":"http://…","grpc":"host:50051","version":"…","startedAt":"…"}
 */
export interface NodeRecord {
  readonly dc: number
  /** Name of the process; any characters. */
  readonly node: string
  /** Where clients reach its HTTP API. */
  readonly http: string
  /** The same of its gRPC API: host:port. */
  readonly grpc: string
  readonly version: string
  /** ISO 8601, by its own clock. */
  readonly startedAt: string
}

export function keyOf({ dc, node }: NodeRecord): string {
  return nodeKey(dc, node)
}

export function printNode({ dc, node, http, grpc, version, startedAt }: NodeRecord): string {
  return JSON.stringify({ dc, node, http, grpc, version, startedAt })
}

/**
 * undefined: not a record of ours. Clients are sent to what stands here, so it is looked at closely. A later version may
 * add fields.
 */
export function parseNode({ key, value }: Pick<Entry, 'key' | 'value'>): NodeRecord | undefined {
  const { dc, node, http, grpc, version, startedAt } = jsonFields(value)
  if (typeof dc !== 'number' || !Number.isInteger(dc) || dc < 0 || dc >= DC_COUNT_MAX) return undefined
  if (!isText(node) || !isText(http) || !isText(grpc) || !isText(version) || !isText(startedAt))
    return undefined
  if (!/^https?:\/\//.test(http) || !URL.canParse(http) || Number.isNaN(Date.parse(startedAt)))
    return undefined
  const record = { dc, node, http, grpc, version, startedAt }
  return key.startsWith(NODES) && key === keyOf(record) ? record : undefined
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.length <= TEXT_MAX
}

/** As the configuration allows for names and addresses (config/parse-value.ts). */
const TEXT_MAX = 4096
