import type { handleUnaryCall } from '@grpc/grpc-js'
import type { Actor } from '../app/actor.ts'
import { authorize, type Caller } from '../app/authenticator.ts'
import type { UseCases } from '../app/use-cases.ts'
import { type CallContext, callContextOf } from './call-context.ts'
import { refusal } from './refusal.ts'

/**
 * A call that needs a valid API key. With `subjectOf` it also needs the scope manage for that part of the tree
 * (`w`, `w/g`, `w/g/t`, or '' for what concerns all workspaces); without, any valid key will do.
 */
export function unary<Q, A>(
  useCases: Pick<UseCases, 'authenticator' | 'rates' | 'addresses' | 'log'>,
  subjectOf: ((request: Q, caller: Caller) => string) | undefined,
  run: (request: Q, actor: Actor, caller: Caller, context: CallContext) => Promise<A>,
): handleUnaryCall<Q, A> {
  return (call, callback) => {
    const context = callContextOf(call, useCases.addresses)
    const answered = async (): Promise<A> => {
      useCases.rates.admitAddress(context.address)
      const caller = await useCases.authenticator.authenticate(context.keyText)
      useCases.rates.admitKey(caller.keyId)
      if (subjectOf !== undefined) authorize(caller, 'manage', subjectOf(call.request, caller))
      return run(call.request, { actor: caller.keyId, traceId: context.traceId }, caller, context)
    }
    answered().then(
      (response) => callback(null, response),
      (error: unknown) => callback(refusal(error, call.getPath(), context, useCases.log)),
    )
  }
}
