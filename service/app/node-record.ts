import { NODES, nodeKey } from '../core/coordination-keys.ts'
import { jsonFields } from '../core/json-object.ts'
import { DC_COUNT_MAX, WORKER_COUNT } from '../core/snowflake-layout.ts'
import type { Entry } from '../ports/coordinator.ts'

/**
 * A running process, as clients find it:
 *
 *     /nodes/{dc}/{node}   {"dc":0,"node":"host/1","http":"http://…","grpc":"host:50051","version":"…","startedAt":"…",
 *                           "workers":[17],"resp":"redis://host:6399","database":"7301…/16384/2200"}
 */
export interface NodeRecord {
  readonly dc: number
  /** Name of the process; any characters. */
  readonly node: string
  /** Where clients reach its HTTP API. */
  readonly http: string
  /** The same of its gRPC API: host:port. */
  readonly grpc: string
  /** The same for Redis clients, redis:// or rediss://; undefined: it serves none, or is of a release that does not say. */
  readonly resp?: string
  readonly version: string
  /** ISO 8601, by its own clock. */
  readonly startedAt: string
  /** Worker ids that it stamps with; undefined: it is of a release that does not say. */
  readonly workers?: readonly number[]
  /** Names its database, as databaseIdentity does; undefined: it is of a release that does not say. */
  readonly database?: string
}

export function keyOf({ dc, node }: NodeRecord): string {
  return nodeKey(dc, node)
}

export function printNode(record: NodeRecord): string {
  const { dc, node, http, grpc, version, startedAt, workers, resp, database } = record
  return JSON.stringify({ dc, node, http, grpc, version, startedAt, workers, resp, database })
}

/**
 * undefined: not a record of ours. Clients are sent to what stands here, so it is looked at closely. A later version may
 * add fields.
 */
export function parseNode({ key, value }: Pick<Entry, 'key' | 'value'>): NodeRecord | undefined {
  const { dc, node, http, grpc, version, startedAt, workers, resp, database } = jsonFields(value)
  if (typeof dc !== 'number' || !Number.isInteger(dc) || dc < 0 || dc >= DC_COUNT_MAX) return undefined
  if (!isText(node) || !isText(http) || !isText(grpc) || !isText(version) || !isText(startedAt))
    return undefined
  if (!/^https?:\/\//.test(http) || !URL.canParse(http) || Number.isNaN(Date.parse(startedAt)))
    return undefined
  const held = workersOf(workers)
  const record = {
    dc,
    node,
    http,
    grpc,
    version,
    startedAt,
    ...(held && { workers: held }),
    ...(isRedisAddress(resp) && { resp }),
    ...(isText(database) && { database }),
  }
  return key.startsWith(NODES) && key === keyOf(record) ? record : undefined
}

/** For people to read; what is no list of worker ids costs nobody the node. */
function workersOf(value: unknown): number[] | undefined {
  if (!Array.isArray(value) || value.length > WORKER_COUNT) return undefined
  const held = value.filter((one) => Number.isInteger(one) && one >= 0 && one < WORKER_COUNT)
  return held.length === value.length ? held : undefined
}

/** Without one the node is listed all the same, for the other protocols. */
function isRedisAddress(value: unknown): value is string {
  if (!isText(value) || !/^rediss?:\/\/[^/]/.test(value) || !URL.canParse(value)) return false
  // A password that was written there by mistake must not go on to every client.
  const { username, password } = new URL(value)
  return username === '' && password === ''
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.length <= TEXT_MAX
}

/** As the configuration allows for names and addresses (config/parse-value.ts). */
const TEXT_MAX = 4096
