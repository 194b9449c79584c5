import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Actor } from '../app/actor.ts'
import type { Caller } from '../app/authenticator.ts'
import { invariant } from '../core/invariant.ts'
import type { Span } from '../ports/tracer.ts'
import type { TraceContext } from './trace-context.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Set before anything else happens to the request. */
    trace: TraceContext | undefined
    /** Of a traced request. */
    span: Span | undefined
    /** Set once the API key was checked; stays undefined on open routes. */
    caller: Caller | undefined
    /** By what the caller is known: a key, or the text of a certificate. For who looks again (caller-again.ts). */
    keyText: string | undefined
    /** `w/g/t`, once the request has counted for that tag. */
    limitedTag: string | undefined
  }
}

/** Declared up front, so that every request object has one shape and V8 keeps its fast path. */
export function declareRequestState(app: FastifyInstance): void {
  app.decorateRequest('trace', undefined)
  app.decorateRequest('span', undefined)
  app.decorateRequest('caller', undefined)
  app.decorateRequest('keyText', undefined)
  app.decorateRequest('limitedTag', undefined)
}

/** Who asks. Only for routes behind authentication. */
export function callerOf(request: FastifyRequest): Caller {
  invariant(request.caller !== undefined, 'a route that asks for its caller lies behind authentication')
  return request.caller
}

/** The caller, as the audit log names it. */
export function actorOf(request: FastifyRequest): Actor {
  return { actor: callerOf(request).keyId, traceId: request.trace?.traceId }
}
