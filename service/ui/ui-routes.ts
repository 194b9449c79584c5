import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { attemptOver } from '../app/attempt.ts'
import { KEY_TEXT_MAX } from '../app/authenticator.ts'
import { frameworkError } from '../app/framework-error.ts'
import { refusalHeaders } from '../app/refusal-headers.ts'
import type { UseCases } from '../app/use-cases.ts'
import { IdgenError } from '../core/errors.ts'
import type { Answer } from './answer.ts'
import { errorAnswer } from './error-page.ts'
import { documentOf } from './layout.ts'
import { isLinkFromElsewhere, passingPage } from './link-from-elsewhere.ts'
import { maySignIn } from './may-sign-in.ts'
import { ownPath } from './own-path.ts'
import { preferencesOf } from './preferences.ts'
import { isOwnForm, type Session, type Sessions } from './session.ts'
import type { Member, Visit } from './visit.ts'

export type MemberPage = (member: Member) => Promise<Answer> | Answer
export type OpenPage = (visit: Visit, request: FastifyRequest) => Promise<Answer> | Answer

export interface UiRoutesOptions {
  readonly useCases: Pick<UseCases, 'signIn' | 'addresses' | 'rates' | 'refusedKeys' | 'log'>
  readonly sessions: Sessions
}

/**
 * Routes below /ui: each says what it answers (answer.ts), and here is what all have in common: who asks, whether the
 * form is our own, how it is printed, and what becomes of an error. Paths begin with / and stand below /ui.
 */
export class UiRoutes {
  readonly #app: FastifyInstance
  readonly #options: UiRoutesOptions
  readonly #members = new WeakMap<FastifyRequest, { session: Session; caller: Member['caller'] }>()
  /** Requests whose refusal was noted: one that fails may fail again while the page that says so is made. */
  readonly #noted = new WeakSet<FastifyRequest>()

  constructor(app: FastifyInstance, options: UiRoutesOptions) {
    this.#app = app
    this.#options = options
    app.setErrorHandler((thrown, request, reply) => {
      const visit = this.#members.has(request) ? this.#memberOf(request) : visitOf(request)
      const error = frameworkError(thrown, FORM_TEXTS)
      reply.headers(refusalHeaders(error))
      return this.#send(reply, visit, errorAnswer(visit, error, options.useCases.log))
    })
  }

  /** For those who are signed in; others are sent to sign in. */
  get(path: string, answer: MemberPage): void {
    this.#app.get(path, { ...HIDDEN, onRequest: this.#admit }, async (request, reply) => {
      const member = this.#memberOf(request)
      return this.#send(reply, member, await answer(member))
    })
  }

  /** A form of ours, sent by somebody who is signed in. */
  post(path: string, answer: MemberPage): void {
    this.#app.post(path, { ...HIDDEN, onRequest: this.#admit }, async (request, reply) => {
      const member = this.#memberOf(request)
      refuseForeignOrigin(request)
      if (!isOwnForm(member.session, member.form.get('csrf'))) throw foreignForm()
      return this.#send(reply, member, await answer(member))
    })
  }

  /** For everybody. A POST here has no session that could be misused; that no other site sends it is checked all the same. */
  open(method: 'GET' | 'POST', path: string, answer: OpenPage): void {
    this.#app.route({
      method,
      url: path,
      ...HIDDEN,
      // Anybody may send it, so nothing long is read.
      bodyLimit: OPEN_FORM_MAX_BYTES,
      handler: async (request, reply) => {
        if (method === 'POST') refuseForeignOrigin(request)
        const visit = visitOf(request)
        return this.#send(reply, visit, await answer(visit, request))
      },
    })
  }

  /** Before the body is read, so that a stranger cannot make us parse anything. */
  readonly #admit = async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    const { signIn, addresses, rates } = this.#options.useCases
    const session = this.#options.sessions.read(request.headers.cookie)
    if (session === undefined) return this.#toSignIn(request, reply)
    let caller: Member['caller']
    try {
      caller = await signIn.authenticate(
        session.keyText.slice(0, KEY_TEXT_MAX),
        addresses.clientOf(request.raw),
        attemptOver(request),
      )
    } catch (thrown) {
      // Revoked, expired: the session is over. While the database is away it is not, and the error says so.
      if (IdgenError.from(thrown).code === 'IDGEN_UNAUTHENTICATED') return this.#toSignIn(request, reply)
      throw thrown
    }
    if (!maySignIn(caller)) return this.#toSignIn(request, reply)
    rates.admitKey(caller.keyId)
    this.#members.set(request, { session, caller })
    // What renews itself is nobody's work; a piece that is sent is: somebody types.
    const isWork = !isPiece(request) || request.method === 'POST'
    const cookie = isWork ? this.#options.sessions.prolong(session, isEncrypted(request)) : undefined
    if (cookie !== undefined) reply.header('set-cookie', cookie)
  }

  #toSignIn(request: FastifyRequest, reply: FastifyReply): void {
    const url = signInUrl(request)
    const { sessions } = this.#options
    // One that did not come may still be there: a browser forgets it only where it was sent and is over.
    if (sessions.isSent(request.headers.cookie))
      reply.header('set-cookie', sessions.ending(isEncrypted(request)))
    else if (isLinkFromElsewhere(request)) return this.#pass(request, reply)
    // htmx would put the page that follows a redirect into the piece; this header makes it go there.
    if (isPiece(request)) reply.code(401).header('hx-redirect', url).send()
    else reply.redirect(url, 303)
  }

  #pass(request: FastifyRequest, reply: FastifyReply): void {
    reply.type(HTML).send(passingPage(visitOf(request)).toString())
  }

  #memberOf(request: FastifyRequest): Member {
    const known = this.#members.get(request)
    if (known === undefined) throw new Error('a page of members was asked for by nobody')
    const actor = { actor: known.caller.keyId, traceId: request.trace?.traceId }
    const noteRefusal = (error: IdgenError): void => this.#noteRefusal(request, known.caller.keyId, error)
    return { ...visitOf(request), ...known, actor, noteRefusal }
  }

  #noteRefusal(request: FastifyRequest, keyId: string, { code }: IdgenError): void {
    if (code !== 'IDGEN_FORBIDDEN' || this.#noted.has(request)) return
    this.#noted.add(request)
    const { refusedKeys, addresses } = this.#options.useCases
    refusedKeys.noteForbidden(keyId, addresses.clientOf(request.raw), attemptOver(request))
  }

  #send(reply: FastifyReply, visit: Visit, answer: Answer): FastifyReply {
    if (answer.kind === 'see-other') {
      for (const cookie of answer.cookies ?? []) reply.header('set-cookie', cookie)
      return reply.redirect(answer.url, 303)
    }
    const body = answer.kind === 'piece' ? answer.body : documentOf(visit, answer)
    return reply
      .code(answer.status ?? 200)
      .type(HTML)
      .send(body.toString())
  }
}

const HTML = 'text/html; charset=utf-8'

/** A key, and where to go then: ownPath takes 1000 characters, of which a form makes three each at most. */
const OPEN_FORM_MAX_BYTES = 4096

/** Pages are no part of the API that /openapi.json describes. */
const HIDDEN = { schema: { hide: true } } as const

export function isEncrypted({ raw, headers }: FastifyRequest): boolean {
  // Of whoever lies here only his own cookie depends on it.
  return 'encrypted' in raw.socket || headers['x-forwarded-proto'] === 'https'
}

/** Where to sign in, and from there back to where somebody was; of a form it says that nothing was done. */
function signInUrl(request: FastifyRequest): string {
  const isForm = request.method === 'POST'
  const page = isForm || isPiece(request) ? refererOf(request) : request.url
  return `/ui/sign-in?back=${encodeURIComponent(ownPath(page))}${isForm ? '&lost=form' : ''}`
}

/** The page of ours that a form or a piece is on, as its browser says; the first page, where it says nothing. */
function refererOf({ headers: { referer = '', host } }: FastifyRequest): string {
  const url = URL.parse(referer)
  return url !== null && url.host === host ? url.pathname + url.search : '/ui'
}

function isPiece({ headers }: FastifyRequest): boolean {
  return headers['hx-request'] === 'true'
}

function visitOf(request: FastifyRequest): Visit {
  const preferences = preferencesOf(request.headers)
  const [, query = ''] = request.url.split('?', 2)
  return {
    origin: originOf(request),
    url: request.url,
    params: request.params as Visit['params'],
    query: new URLSearchParams(query),
    isSent: request.method === 'POST',
    form: request.body instanceof URLSearchParams ? request.body : new URLSearchParams(),
    preferences,
    isPiece: isPiece(request),
    say: (words) => words[preferences.language],
    // Whose key it would be nobody knows.
    noteRefusal: () => {},
  }
}

function originOf(request: FastifyRequest): string {
  const { host = '' } = request.headers
  const origin = `${isEncrypted(request) ? 'https' : 'http'}://${host}`
  // It is printed into examples; a Host header that is none makes none of them better.
  return URL.canParse(origin) ? new URL(origin).origin : 'http://localhost:8080'
}

/** Browsers say where a form comes from, by one of two headers; what is no browser has no session to misuse. */
function refuseForeignOrigin({ headers }: FastifyRequest): void {
  const site = headers['sec-fetch-site']
  if (site !== undefined ? site === 'same-origin' : isOwnOrigin(headers.origin, headers.host)) return
  throw foreignForm()
}

function isOwnOrigin(origin: string | undefined, host: string | undefined): boolean {
  if (origin === undefined) return true
  return URL.canParse(origin) && new URL(origin).host === host
}

/** Of what fastify refuses before we see it: pages are asked by people. */
const FORM_TEXTS = {
  IDGEN_BODY_TOO_LARGE: 'The form is larger than any of ours; nothing of it was done.',
  IDGEN_MEDIA_TYPE_UNSUPPORTED: 'Pages take forms as browsers send them.',
} as const

function foreignForm(): IdgenError {
  return new IdgenError(
    'IDGEN_FORBIDDEN',
    'This form was not sent by a page of the session that is signed in now; load the page again and repeat what you did.',
  )
}
