import type { FastifyInstance } from 'fastify'
import type { TracedIssuer } from '../app/issuer.ts'
import type { UseCases } from '../app/use-cases.ts'
import { ForeignIds } from './foreign-ids.ts'
import { readForms } from './foreign-requests.ts'
import { leafRoutes } from './leaf-routes.ts'
import type { RequestAdmission } from './request-admission.ts'
import { tinyidRoutes } from './tinyid-routes.ts'

/** The keys server.compatibility.* of the configuration. */
export interface Compatibility {
  readonly leaf: boolean
  readonly leafKey: string
  readonly tinyid: boolean
  /** workspace/group of the tags that clients of others name. */
  readonly group: string
}

export interface ForeignParts {
  readonly useCases: Pick<UseCases, 'directory' | 'limits'>
  readonly issuer: TracedIssuer
  readonly admission: RequestAdmission
  readonly compatibility: Compatibility
}

/**
 * The endpoints of other ID services that are wished for. Their callers bring keys in ways of their own, so a key is looked
 * at by the route, after a body of 4 KB at most was read.
 */
export async function foreignRoutes(app: FastifyInstance, parts: ForeignParts): Promise<void> {
  const { issuer, admission, useCases, compatibility } = parts
  const { leaf, leafKey, tinyid, group } = compatibility
  if (!leaf && !tinyid) return
  const ids = new ForeignIds(issuer, admission, group)
  await app.register(async (foreign) => {
    admission.limitAddresses(foreign)
    readForms(foreign)
    foreign.addHook('onRequest', (_request, reply, done) => {
      reply.header('cache-control', 'no-store')
      done()
    })
    if (leaf) leafRoutes(foreign, ids, leafKey)
    if (tinyid) tinyidRoutes(foreign, { ...useCases, ids, group })
  })
}
