import { type ListedNode, nodeList } from '../app/node-list.ts'
import type { UseCases } from '../app/use-cases.ts'
import { IdgenError } from '../core/errors.ts'
import { DC_COUNT_MAX } from '../core/snowflake-layout.ts'
import type { UnaryMethod } from './call.ts'
import { type Node, NodeServiceDefinition } from './generated/idgen/v1/node_service.ts'
import { unaryMethods } from './method-table.ts'
import { unary } from './unary.ts'

/** Where clients may go: any valid key may ask, but for one that only writes alerts (unary.ts). */
export function nodeMethods(useCases: UseCases): UnaryMethod[] {
  return unaryMethods(NodeServiceDefinition, {
    listNodes: unary(useCases, undefined, async ({ dc: wanted }, _actor, _caller, { clientDc }) => {
      const { dc, current, nodes } = nodeList(useCases, wanted === undefined ? clientDc : checkedDc(wanted))
      return { dc, current, nodes: nodes.map(nodeMessage) }
    }),
  })
}

function nodeMessage({ dc, node, http, grpc, resp = '', version, startedAt }: ListedNode): Node {
  return { dc, node, http, grpc, version, startedAt: new Date(startedAt), resp }
}

function checkedDc(dc: number): number {
  if (dc >= 0 && dc < DC_COUNT_MAX) return dc
  const message = `must be 0 to ${DC_COUNT_MAX - 1}, not ${dc}`
  throw new IdgenError('IDGEN_REQUEST_INVALID', `dc ${message}.`, { faults: [{ path: '/dc', message }] })
}
