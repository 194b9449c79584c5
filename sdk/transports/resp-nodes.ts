import { IdgenClientError } from '../core/client-error.ts'
import type { Endpoint } from '../core/endpoint-choice.ts'
import type { RespReply } from './resp-parser.ts'

/** The answer to IDGEN.NODES; nodes without a listener for Redis clients are left out. @throws IDGEN_CLIENT_ANSWER_INVALID */
export function readNodes(endpoint: string, reply: RespReply | undefined): Endpoint[] {
  const nodes = pairs(reply).get('nodes')
  if (Array.isArray(nodes))
    return (nodes as readonly RespReply[]).flatMap((node) => {
      const fields = pairs(node)
      const [url, dc] = [fields.get('resp'), fields.get('dc')]
      return typeof url === 'string' && typeof dc === 'bigint'
        ? [{ url: url.replace(/\/+$/, ''), dc: Number(dc) }]
        : []
    })
  throw new IdgenClientError(
    'IDGEN_CLIENT_ANSWER_INVALID',
    `${endpoint} did not answer IDGEN.NODES with a list of nodes. Is that address idgen, of a version that fits?`,
    { endpoint },
  )
}

/** A map, which version 2 of the protocol writes as a list of names and values. */
function pairs(reply: RespReply | undefined): Map<RespReply, RespReply | undefined> {
  const list = Array.isArray(reply) ? (reply as readonly RespReply[]) : []
  return new Map(list.flatMap((name, at) => (at % 2 === 0 ? [[name, list[at + 1]] as const] : [])))
}
