import { authorizeReader } from '../app/authorize-reader.ts'
import type { ClientAddresses } from '../app/client-addresses.ts'
import type { TracedIssuer } from '../app/issuer.ts'
import type { Log } from '../ports/log.ts'
import type { Call, CallStatus, MessageOutput } from './call.ts'
import { callAttempt, callContextOf } from './call-context.ts'
import { refusal } from './refusal.ts'

export interface KeyDoorParts {
  readonly issuer: Pick<TracedIssuer, 'peekCaller' | 'authenticate' | 'rates'>
  readonly addresses: ClientAddresses
  readonly log: Log
}

/** Lets a stream that any valid key may open, but for one that only writes alerts, go on once it has shown one: until then none of its messages is read. */
export function askForKey({ issuer, addresses, log }: KeyDoorParts, call: Call, output: MessageOutput): void {
  const context = callContextOf(call, addresses)
  const refuse = (thrown: unknown): void => output.fail(refusal(thrown, call.head.path, context, log))
  try {
    issuer.rates.admitAddress(context.address)
    const known = issuer.peekCaller(context.keyText, context.keyDigest)
    if (known !== undefined) {
      issuer.rates.admitKey(known.keyId)
      return authorizeReader(known)
    }
  } catch (thrown) {
    return refuse(thrown)
  }
  output.pause()
  issuer
    .authenticate(context.keyText, context.address, callAttempt(call, context, ''))
    .then((caller) => {
      issuer.rates.admitKey(caller.keyId)
      authorizeReader(caller)
      output.resume()
    })
    .catch(refuse)
}

/**
 * Does what a message asks of a stream that `askForKey` let in, as long as its key counts: a stream may stay open for days. None is
 * read while the key is looked up, nor where `work` says that no more may be. The stream goes on behind its work: what follows
 * it, the end too, would overtake it.
 */
// oxlint-disable-next-line max-params -- askForKey, and what then
export function whileKeyCounts(
  { issuer, addresses, log }: KeyDoorParts,
  call: Call,
  output: MessageOutput,
  work: () => boolean,
): void {
  const context = callContextOf(call, addresses)
  const isKnown = issuer.peekCaller(context.keyText, context.keyDigest) !== undefined
  if (isKnown && work()) return
  output.pause()
  if (isKnown) return
  issuer
    .authenticate(context.keyText, context.address, callAttempt(call, context, ''))
    .then(() => {
      if (work()) output.resume()
    })
    .catch((thrown: unknown) => output.fail(refusal(thrown, call.head.path, context, log)))
}

/** How a call that no method answers ends because of the limit of its address; undefined: it is within it, and was counted. */
export type AddressDoor = (call: Pick<Call, 'head' | 'peer'>) => CallStatus | undefined

export function addressDoor({ issuer, addresses, log }: KeyDoorParts): AddressDoor {
  return (call) => {
    const context = callContextOf(call, addresses)
    try {
      issuer.rates.admitAddress(context.address)
      return undefined
    } catch (thrown) {
      return refusal(thrown, call.head.path, context, log)
    }
  }
}

/** How a call ends at once whose message is still on its way; undefined: it has shown a key that is right, and may go on. */
export type KeyDoor = (call: Call) => CallStatus | undefined | Promise<CallStatus | undefined>

/** For calls that are not whole at once. Those it refuses count for the limit of their address here, the others once they are whole. */
export function keyDoor({ issuer, addresses, log }: KeyDoorParts): KeyDoor {
  return (call) => {
    const context = callContextOf(call, addresses)
    const { keyText, address } = context
    const refused = (thrown: unknown): CallStatus => {
      try {
        issuer.rates.admitAddress(address)
      } catch (limited) {
        return refusal(limited, call.head.path, context, log)
      }
      return refusal(thrown, call.head.path, context, log)
    }
    if (issuer.peekCaller(keyText, context.keyDigest) !== undefined) return undefined
    // Before the key is looked up, as for those that are whole.
    if (!issuer.rates.mayAsk(address)) return refused(undefined)
    const attempt = callAttempt(call, context, '')
    return issuer.authenticate(keyText, address, attempt).then(() => undefined, refused)
  }
}
