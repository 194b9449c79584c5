import { authorizeReader } from '../app/authorize-reader.ts'
import { clientDcOf, UNKNOWN_DC } from '../app/dc-traffic.ts'
import type { ListedNode, NodeList } from '../app/node-list.ts'
import { IdgenError } from '../core/errors.ts'
import { DC_COUNT_MAX } from '../core/snowflake-layout.ts'
import type { Answer, Command, CommandContext } from './command.ts'
import { errorLine } from './error-line.ts'
import type { ReplyBuffer, RespVersion } from './reply-buffer.ts'

/** Where the client runs, and where it may go: any valid key may ask, but for one that only writes alerts, as over the other protocols. */
export const NODE_COMMANDS: Readonly<Record<string, Command>> = {
  'idgen.dc': { least: 1, most: 1, run: tellDc },
  'idgen.nodes': { least: 0, most: 1, run: listNodes },
}

/** Once a connection: no command has a place for it beside its arguments. */
function tellDc({ session, out }: CommandContext, [text = '']: readonly string[]): void {
  const dc = clientDcOf(text)
  if (dc === UNKNOWN_DC) return out.text(errorLine(noDc(text)))
  session.clientDc = dc
  out.status('OK')
}

/** Counts against the limits like any other request, though it has no tag. */
function listNodes(context: CommandContext, [text]: readonly string[]): Promise<Answer> {
  return answered(context, text).catch(
    (thrown: unknown): Answer =>
      (out) =>
        out.text(errorLine(IdgenError.from(thrown))),
  )
}

/** @throws IDGEN_REQUEST_INVALID, IDGEN_OVERLOADED, and as Issuer.authenticate */
async function answered(context: CommandContext, text: string | undefined): Promise<Answer> {
  const { issuer, session } = context
  const dc = text === undefined ? session.clientDc : clientDcOf(text)
  if (text !== undefined && dc === UNKNOWN_DC) throw noDc(text)
  issuer.rates.admitAddress(session.client)
  const caller =
    issuer.peekCaller(session.keyText, session.keyDigest) ??
    (await issuer.authenticate(session.keyText, session.client))
  issuer.rates.admitKey(caller.keyId)
  authorizeReader(caller)
  const list = await context.listNodes(dc, session.client)
  return (out) => printList(list, session.version, out)
}

function printList({ dc, current, nodes }: NodeList, version: RespVersion, out: ReplyBuffer): void {
  out.map(3, version)
  out.bulk('dc')
  out.integer(dc)
  out.bulk('current')
  // No boolean of version 3: what clients read is the same in both.
  out.integer(current ? 1 : 0)
  out.bulk('nodes')
  out.array(nodes.length)
  for (const node of nodes) printNode(node, version, out)
}

function printNode(node: ListedNode, version: RespVersion, out: ReplyBuffer): void {
  const fields = Object.entries(node)
  out.map(fields.length, version)
  for (const [name, value] of fields) {
    out.bulk(name)
    if (typeof value === 'number') out.integer(value)
    else out.bulk(value)
  }
}

function noDc(text: string): IdgenError {
  const shown = JSON.stringify(text.slice(0, 40))
  return new IdgenError(
    'IDGEN_REQUEST_INVALID',
    `${shown} is no data centre: write its number, 0 to ${DC_COUNT_MAX - 1}.`,
  )
}
