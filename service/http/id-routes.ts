import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { authorize } from '../app/authenticator.ts'
import { authorizeReader } from '../app/authorize-reader.ts'
import { decodeId, decodeOfTag } from '../app/decode-id.ts'
import type { TracedIssuer } from '../app/issuer.ts'
import type { UseCases } from '../app/use-cases.ts'
import type { Log } from '../ports/log.ts'
import { replyWithError } from './error-reply.ts'
import { requestError } from './foreign-error.ts'
import { countFailure, type IssueBody, IssueIds, type TagParams } from './issue-ids.ts'
import { DECODE_SCHEMA, ISSUED_SCHEMA, issueSchema, streamSchema } from './issue-operations.ts'
import { issueStream } from './issue-stream.ts'
import { bodyMayBeEmpty } from './json-body.ts'
import type { RequestAdmission } from './request-admission.ts'
import { callerOf } from './request-state.ts'

const IDS_URL = '/v1/workspaces/:workspace/groups/:group/tags/:tag/ids'

/** The routes that issue IDs. A protocol thread answers these, and no others. */
export function issueRoutes(
  app: FastifyInstance,
  issuer: TracedIssuer,
  admission: RequestAdmission,
  log: Log,
): void {
  app.addSchema(ISSUED_SCHEMA)
  const { limits } = issuer
  const issue = new IssueIds(issuer, admission)
  const errorHandler = (thrown: unknown, request: FastifyRequest, reply: FastifyReply): void => {
    countFailure(issuer, request, requestError(thrown).code)
    void replyWithError(thrown, request, reply, log)
  }
  app.post<{ Params: TagParams; Body: IssueBody }>(
    IDS_URL,
    { schema: issueSchema(limits), preValidation: bodyMayBeEmpty, errorHandler },
    (request, reply) => issue.handle(request, reply),
  )
  app.post<{ Params: TagParams; Body: IssueBody }>(
    `${IDS_URL}/stream`,
    { schema: streamSchema(limits), preValidation: bodyMayBeEmpty, errorHandler },
    async (request, reply) => {
      const lines = await issueStream(request, issuer, admission)
      return reply.header('content-type', 'application/x-ndjson; charset=utf-8').send(lines)
    },
  )
}

type DecodeParts = Pick<UseCases, 'layout' | 'directory'>

interface DecodeCall {
  readonly Params: { readonly id: string }
  readonly Querystring: { readonly tag?: string }
}

export function decodeRoute(app: FastifyInstance, { layout, directory }: DecodeParts): void {
  app.get<DecodeCall>('/v1/ids/:id', { schema: DECODE_SCHEMA }, async (request) => {
    const { tag: path } = request.query
    // A number behind a shuffled text shows how many there were: who may issue them may know.
    if (path === undefined) authorizeReader(callerOf(request))
    else authorize(callerOf(request), 'issue', path)
    const tag = path === undefined ? undefined : (await directory.resolve(path)).tag
    const { id } = request.params
    const decoded = tag === undefined ? decodeId(id, layout) : decodeOfTag(id, tag, layout)
    if (decoded.kind === 'segment' || decoded.timeMs === undefined) return decoded
    return { ...decoded, time: new Date(decoded.timeMs).toISOString() }
  })
}
