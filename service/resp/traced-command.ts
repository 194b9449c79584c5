import type { SpanFacts } from '../core/ended-span.ts'
import type { TraceParent } from '../core/traceparent.ts'
import type { SpanStart } from '../ports/tracer.ts'
import type { Answer, CommandContext } from './command.ts'

const RESP = { 'network.protocol.name': 'resp' } as const

/** The step of commands that belong together; `parent`: as the client told by IDGEN.TRACE. */
export function stepOf(name: string, parent: TraceParent | undefined, facts: SpanFacts = {}): SpanStart {
  const [traceId, parentId] = [parent?.traceId, parent?.spanId]
  return { name: `RESP ${name}`, kind: 'server', traceId, parentId, facts: { ...RESP, ...facts } }
}

/** Runs a command as a step of its own where its trace, or chance, wants one. */
export function tracedCommand(
  { tracer, session }: CommandContext,
  name: string,
  run: () => void | Promise<Answer>,
): void | Promise<Answer> {
  const parent = session.takeTrace()
  if (!tracer.decide(parent)) return run()
  const span = tracer.begin(stepOf(name, parent))
  const answer = tracer.within(span, run)
  if (answer !== undefined) return answer.finally(() => span.end())
  span.end()
}
