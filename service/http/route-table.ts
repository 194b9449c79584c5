import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { IdgenError } from '../core/errors.ts'

/**
 * The routes of a server, to tell a wrong path (404) from a wrong method (405, with Allow).
 * Asked only when the router found nothing, so a walk over all of them is cheap enough.
 */
export class RouteTable {
  readonly #methods = new Map<string, Set<string>>()

  /** Call before the first route is registered. */
  watch(app: FastifyInstance): void {
    app.addHook('onRoute', ({ url, method }) => {
      const methods = this.#methods.get(url) ?? new Set<string>()
      for (const one of [method].flat()) methods.add(one)
      this.#methods.set(url, methods)
    })
  }

  /** The error for a request that no route answers. */
  refusal(request: FastifyRequest, reply: FastifyReply): IdgenError {
    const path = request.url.split('?', 1)[0] ?? ''
    const shown = JSON.stringify(path.slice(0, PATH_SHOWN_MAX))
    const allowed = this.#allowed(path)
    if (allowed.size === 0)
      return new IdgenError(
        'IDGEN_ROUTE_NOT_FOUND',
        `There is nothing at ${shown}; /openapi.json lists every route.`,
      )
    const allow = [...allowed].sort().join(', ')
    reply.header('allow', allow)
    return new IdgenError(
      'IDGEN_METHOD_NOT_ALLOWED',
      `${shown} answers ${allow}, not ${request.method.slice(0, PATH_SHOWN_MAX)}.`,
    )
  }

  #allowed(path: string): Set<string> {
    const parts = path.split('/')
    const allowed = new Set<string>()
    for (const [url, methods] of this.#methods)
      if (matches(url.split('/'), parts)) for (const method of methods) allowed.add(method)
    return allowed
  }
}

const PATH_SHOWN_MAX = 200

function matches(pattern: readonly string[], parts: readonly string[]): boolean {
  return (
    pattern.length === parts.length &&
    pattern.every((part, index) => part.startsWith(':') || part === parts[index])
  )
}
