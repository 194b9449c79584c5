import type { ClientAddresses } from '../app/client-addresses.ts'
import type { TracedIssuer } from '../app/issuer.ts'
import type { Log } from '../ports/log.ts'
import type { Call, MessageOutput } from './call.ts'
import { callContextOf } from './call-context.ts'
import { refusal } from './refusal.ts'

export interface KeyDoorParts {
  readonly issuer: Pick<TracedIssuer, 'peekCaller' | 'authenticate' | 'rates'>
  readonly addresses: ClientAddresses
  readonly log: Log
}

/** Lets a stream that any valid key may open go on once it has shown one: until then none of its messages is read. */
export function askForKey({ issuer, addresses, log }: KeyDoorParts, call: Call, output: MessageOutput): void {
  const context = callContextOf(call, addresses)
  const refuse = (thrown: unknown): void => output.fail(refusal(thrown, call.head.path, context, log))
  try {
    issuer.rates.admitAddress(context.address)
    const known = issuer.peekCaller(context.keyText, context.keyDigest)
    if (known !== undefined) return issuer.rates.admitKey(known.keyId)
  } catch (thrown) {
    return refuse(thrown)
  }
  output.pause()
  issuer
    .authenticate(context.keyText, context.address)
    .then(({ keyId }) => {
      issuer.rates.admitKey(keyId)
      output.resume()
    })
    .catch(refuse)
}
