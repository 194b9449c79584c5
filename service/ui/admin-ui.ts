import type { FastifyInstance } from 'fastify'
import type { AuditTrail } from '../app/audit-trail.ts'
import type { FigureHistory } from '../app/figure-history.ts'
import type { UseCases } from '../app/use-cases.ts'
import { IdgenError } from '../core/errors.ts'
import { ASSETS } from './assets.ts'
import { ownPath } from './own-path.ts'
import { auditPages } from './pages/audit-page.ts'
import { batchPages } from './pages/batch-page.ts'
import { chartsPages } from './pages/charts-page.ts'
import { decodePages } from './pages/decode-page.ts'
import { eventsPages } from './pages/events-page.ts'
import { groupPages } from './pages/group-page.ts'
import { keyPages } from './pages/key-page.ts'
import { keysPages } from './pages/keys-page.ts'
import { newBatchPages } from './pages/new-batch-page.ts'
import { nodesPages } from './pages/nodes-page.ts'
import { overviewPages } from './pages/overview-page.ts'
import { signInPages } from './pages/sign-in-page.ts'
import { tagFormPages } from './pages/tag-form-page.ts'
import { tagPages } from './pages/tag-page.ts'
import { tagsPages } from './pages/tags-page.ts'
import { workspacesPages } from './pages/workspaces-page.ts'
import { changedPreferences } from './preferences.ts'
import { pageHeaders } from './response-headers.ts'
import { Sessions } from './session.ts'
import type { Endpoints } from './tag-snippets.ts'
import { isEncrypted, UiRoutes } from './ui-routes.ts'

export interface AdminUiOptions {
  /** Seals sessions: 32 bytes, the same in every process of the database. */
  readonly sessionKey: Uint8Array
  readonly audit: Pick<AuditTrail, 'record'>
  readonly figures: FigureHistory
  /** Known once the ports are bound, after the pages are made. */
  readonly endpoints: () => Endpoints
  /** Whose panels are framed; '': there is none. */
  readonly grafanaUrl: string
  /** This process, for people. */
  readonly node: string
  /** Of idgen. */
  readonly version: string
}

/** All that a page may use. */
export interface UiParts extends AdminUiOptions {
  readonly useCases: UseCases
  readonly sessions: Sessions
}

/**
 * The pages for people, below /ui (decision 0037). A page is a file in pages/: a function that registers its routes.
 * It asks `authorize` with the key that is signed in and calls the same use cases as the API; what it prints is `html`.
 */
export async function adminUi(
  app: FastifyInstance,
  useCases: UseCases,
  options: AdminUiOptions,
): Promise<void> {
  const headers = pageHeaders(options.grafanaUrl === '' ? undefined : new URL(options.grafanaUrl).origin)
  app.addHook('onRequest', (_request, reply, done) => {
    reply.headers(headers)
    done()
  })
  acceptForms(app)
  const { figures } = options
  figures.start()
  app.addHook('onClose', () => figures.stop())
  const sessions = new Sessions(options.sessionKey, useCases.clock)
  const routes = new UiRoutes(app, { useCases, sessions })
  const parts: UiParts = { ...options, useCases, sessions }
  assets(app)
  preferences(routes)
  signInPages(routes, parts)
  overviewPages(routes, parts)
  tagsPages(routes, parts)
  tagFormPages(routes, parts)
  batchPages(routes, parts)
  newBatchPages(routes, parts)
  tagPages(routes, parts)
  decodePages(routes, parts)
  chartsPages(routes, parts)
  workspacesPages(routes, parts)
  groupPages(routes, parts)
  eventsPages(routes, parts)
  nodesPages(routes, parts)
  keysPages(routes, parts)
  keyPages(routes, parts)
  auditPages(routes, parts)
  routes.get('/*', () => {
    throw new IdgenError('IDGEN_ROUTE_NOT_FOUND', 'There is no such page.')
  })
}

/** As browsers send them; the same rule of one value a name as everywhere is for the pages to apply. */
function acceptForms(app: FastifyInstance): void {
  app.addContentTypeParser<string>(
    'application/x-www-form-urlencoded',
    { parseAs: 'string', bodyLimit: FORM_MAX_BYTES },
    (_request, body, done) => {
      if (fieldCount(body) > FIELDS_MAX) done(tooManyFields())
      else done(null, new URLSearchParams(body))
    },
  )
}

/** Taking a form apart takes time that grows faster than its length, and holds up everybody meanwhile. */
const FORM_MAX_BYTES = 65_536
/** The largest form of ours names a page of tags. */
const FIELDS_MAX = 2000

function fieldCount(body: string): number {
  let count = 1
  for (let at = body.indexOf('&'); at >= 0; at = body.indexOf('&', at + 1)) count += 1
  return count
}

function tooManyFields(): IdgenError {
  return new IdgenError('IDGEN_BODY_TOO_LARGE', `A form has at most ${FIELDS_MAX} fields.`)
}

function assets(app: FastifyInstance): void {
  for (const { url, mediaType, content } of Object.values(ASSETS))
    app.get(url.slice('/ui'.length), { schema: { hide: true } }, (_request, reply) =>
      reply
        .headers({ 'content-type': mediaType, 'cache-control': 'public, max-age=31536000, immutable' })
        .send(content),
    )
}

function preferences(routes: UiRoutes): void {
  routes.open('POST', '/preferences', ({ form, preferences: now }, request) => ({
    kind: 'see-other',
    url: ownPath(form.get('back')),
    cookies: [changedPreferences(now, form, isEncrypted(request))],
  }))
}
