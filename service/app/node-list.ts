import { UNKNOWN_DC } from './dc-traffic.ts'
import type { NodeRecord } from './node-record.ts'
import type { UseCases } from './use-cases.ts'

/** A process as clients see it: what a record gains is not meant for them by itself. */
export type ListedNode = Pick<NodeRecord, 'dc' | 'node' | 'http' | 'grpc' | 'resp' | 'version' | 'startedAt'>

/** Where clients may go; the same over every protocol, and plain data, so that threads can hand it on. */
export interface NodeList {
  /** Whose nodes come first. */
  readonly dc: number
  /** False while etcd is away: these are the last known ones. */
  readonly current: boolean
  readonly nodes: readonly ListedNode[]
}

/** `clientDc`: whose nodes come first, as clientDcOf says; unknown: those of this process' own data centre. */
export function nodeList(
  { nodes, traffic }: Pick<UseCases, 'nodes' | 'traffic'>,
  clientDc: number,
): NodeList {
  const dc = clientDc === UNKNOWN_DC ? traffic.serverDc : clientDc
  return { dc, current: nodes.current, nodes: nodes.list(dc).map(listed) }
}

function listed({ dc, node, http, grpc, resp, version, startedAt }: NodeRecord): ListedNode {
  return { dc, node, http, grpc, ...(resp !== undefined && { resp }), version, startedAt }
}
