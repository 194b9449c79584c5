import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Span, SpanStart, Tracer } from '../ports/tracer.ts'
import type { TraceContext } from './trace-context.ts'

/** Has the span of each traced request end with its answer, and what it calls on the way be found below it. */
export function traceRequests(app: FastifyInstance, tracer: Tracer): void {
  if (!tracer.enabled) return
  // Reading a body loses the span that onRequest ran in: the events belong to the connection.
  app.addHook('preHandler', (request, _reply, done) => withinSpan(tracer, request, done))
  app.addHook('onSend', (request, reply, payload, done) => {
    const { span, trace } = request
    const status = reply.statusCode
    const fault = status >= 500 ? `answered ${status}` : undefined
    if (span !== undefined) {
      span.set('http.response.status_code', status)
      if (fault !== undefined) span.fail(fault)
      span.end()
    } else if (trace !== undefined) {
      const facts = { ...factsOf(request), 'http.response.status_code': status }
      tracer.late({ ...stepOf(request, trace), facts }, tracer.nowMs() - trace.fromMs, fault)
    }
    done(null, payload)
  })
}

/** After the request has a trace. */
export function beginSpan(tracer: Tracer, request: FastifyRequest, trace: TraceContext): Span | undefined {
  return trace.sampled ? tracer.begin({ ...stepOf(request, trace), facts: factsOf(request) }) : undefined
}

export function withinSpan(tracer: Tracer, { span }: FastifyRequest, work: () => void): void {
  if (span === undefined) work()
  else tracer.within(span, work)
}

function stepOf(request: FastifyRequest, trace: TraceContext): SpanStart {
  const { traceId, spanId, parentId } = trace
  const { url } = request.routeOptions
  // Names that callers choose would make one kind of span for each of them.
  const name = url === undefined ? request.method : `${request.method} ${url}`
  return { name, kind: 'server', traceId, spanId, parentId }
}

function factsOf(request: FastifyRequest): Record<string, string> {
  // Without the query: it is not known what callers put there.
  const [path = ''] = request.url.split('?', 1)
  return {
    'http.request.method': request.method,
    'url.path': path.slice(0, PATH_MAX).replaceAll(WHOLE_KEY, 'idg_…'),
  }
}

const PATH_MAX = 300
/** Somebody gave a key where its id belongs. */
const WHOLE_KEY = /idg_[a-z0-9]+_[A-Za-z0-9]+/g
