import type { Actor } from '../app/actor.ts'
import type { Attempt } from '../app/attempt.ts'
import { authorize, type Caller } from '../app/authenticator.ts'
import { authorizeReader } from '../app/authorize-reader.ts'
import type { UseCases } from '../app/use-cases.ts'
import { IdgenError } from '../core/errors.ts'
import type { Call } from './call.ts'
import { type CallContext, callAttempt, callContextOf, newTraceId } from './call-context.ts'
import { tracedCall } from './call-span.ts'
import { refusal } from './refusal.ts'

/** One request, one answer. Rejects with CallStatus. */
export type UnaryHandler<Q, A> = (request: Q, call: Call) => Promise<A>

/**
 * A call that needs a valid API key. With `subjectOf` it also needs the scope manage for that part of the tree
 * (`w`, `w/g`, `w/g/t`, or '' for what concerns all workspaces); without, any valid key will do but one that
 * only writes alerts.
 */
export function unary<Q, A>(
  useCases: Pick<UseCases, 'signIn' | 'refusedKeys' | 'rates' | 'addresses' | 'log' | 'tracer'>,
  subjectOf: ((request: Q, caller: Caller) => string) | undefined,
  run: (request: Q, actor: Actor, caller: Caller, context: CallContext) => Promise<A>,
): UnaryHandler<Q, A> {
  const answer = async (request: Q, call: Call, context: CallContext): Promise<A> => {
    let keyId: string | undefined
    let subject: string | undefined
    const attempt = (): Attempt => callAttempt(call, context, subject ?? '')
    try {
      if (call.counted !== true) useCases.rates.admitAddress(context.address)
      const caller = await useCases.signIn.authenticate(context.keyText, context.address, attempt())
      keyId = caller.keyId
      useCases.rates.admitKey(caller.keyId)
      subject = subjectOf?.(request, caller)
      if (subject === undefined) authorizeReader(caller)
      else authorize(caller, 'manage', subject)
      return await run(request, { actor: caller.keyId, traceId: context.traceId }, caller, context)
    } catch (thrown) {
      if (keyId !== undefined && IdgenError.from(thrown).code === 'IDGEN_FORBIDDEN')
        useCases.refusedKeys.noteForbidden(keyId, context.address, attempt())
      throw refusal(thrown, call.head.path, context, useCases.log)
    }
  }
  return async (request, call) => {
    const found = callContextOf(call, useCases.addresses)
    // As over HTTP: a change is found in the audit log, the log and the traces by one id.
    const traceId = found.traceId ?? newTraceId()
    return tracedCall(useCases.tracer, call, () => answer(request, call, { ...found, traceId }), traceId)
  }
}
