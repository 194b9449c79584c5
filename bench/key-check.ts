import { authorize, type Caller, keyDigest, mayUse } from '../service/app/authenticator.ts'
import { LocalIssuer } from '../service/app/local-issuer.ts'
import type { UseCases } from '../service/app/use-cases.ts'
import type { Call } from '../service/grpc/call.ts'
import { callContextOf } from '../service/grpc/call-context.ts'
import { apiKeyOf } from '../service/http/api-key-header.ts'
import { ConnectionDigests } from '../service/http/connection-digests.ts'
import { judged, type Row } from './bench-result.ts'
import { type Cost, costBeside, inNanoseconds } from './interleaved-rounds.ts'
import { memoryIdgen } from './memory-idgen.ts'

const CHECKS = 200_000
/** Of what a request costs, with a key that is in the cache. */
const BAR = 0.03
/** A loop of some hundred nanoseconds is at the mercy of its neighbours' caches. */
const GATE = 2

/** What a check costs beside the whole of what it is a part of, in the same rounds. */
export function keyCheckRow(
  what: string,
  checks: readonly Cost[],
  whole: { readonly what: string; readonly costs: readonly Cost[] },
): Row {
  return judged({
    what: `the key check alone, beside ${what}`,
    ...inNanoseconds(costBeside(checks, whole)),
    bar: { of: 'ratio', atMost: BAR },
    gate: GATE,
  })
}

/**
 * What it costs to see who asks and whether he may: the key out of the headers, its digest, the look into the cache, the scope.
 * `connections` take turns, so each brings a key text of its own, as requests do, that says the same as the one before.
 */
export function keyCheck(connections: number): Promise<() => Promise<Cost>> {
  return checking(({ useCases, tag, key }) => {
    const digests = new ConnectionDigests()
    const sockets = Array.from({ length: connections }, () => ({}))
    const requests = sockets.map(() => ({ authorization: Buffer.from(`Bearer ${key}`).toString('latin1') }))
    return (i) => {
      const at = i % connections
      const keyText = apiKeyOf(requests[at] ?? {})
      const caller = useCases.authenticator.peek(keyText, digests.of(sockets[at] ?? {}, keyText))
      return caller !== undefined && mayUse(caller, 'issue', tag)
    }
  })
}

/**
 * The same of a gRPC call: what its head says (found out once for all calls of a connection that say the same; the caller's
 * address comes with it), the look into the cache, the scope.
 */
export function grpcKeyCheck(): Promise<() => Promise<Cost>> {
  return checking(({ useCases, tag, key }) => {
    const issuer = new LocalIssuer(useCases, 'grpc')
    const fields: Readonly<Record<string, string>> = { authorization: `Bearer ${key}` }
    const call: Call = {
      head: { path: '/idgen.v1.IdService/Generate', memo: undefined, field: (name) => fields[name] },
      peer: { address: '127.0.0.1' },
      cancelled: false,
    }
    return () => {
      const { keyText, keyDigest: digest } = callContextOf(call, useCases.addresses)
      const caller = issuer.peekCaller(keyText, digest)
      if (caller === undefined) return false
      authorize(caller, 'issue', tag)
      return true
    }
  })
}

/**
 * The same of commands that came together from a Redis client, one or more: AUTH has said whose key it is, so there is a look
 * into the cache (a key that was revoked must not go on) at the time that limits and tags need as well, and whether the tag was
 * last issued from by the same caller, who then was let through.
 */
export function respKeyCheck(): Promise<() => Promise<Cost>> {
  return checking(({ useCases, tag, key }) => {
    const issuer = new LocalIssuer(useCases, 'resp')
    const digest = keyDigest(key)
    let mayIssue: Caller | undefined
    return () => {
      const caller = issuer.peekCaller(key, digest, Date.now())
      if (caller === undefined) return false
      if (mayIssue !== caller) {
        authorize(caller, 'issue', tag)
        mayIssue = caller
      }
      return true
    }
  })
}

interface Checked {
  readonly useCases: UseCases
  readonly tag: string
  readonly key: string
}

/** `made` gives the check of one request: whether it is let through. */
async function checking(made: (of: Checked) => (i: number) => boolean): Promise<() => Promise<Cost>> {
  const of = await memoryIdgen(1_000_000)
  const check = made(of)
  return async () => {
    // Forgotten by the first look into the catalogue, and asked for again, as in a service.
    await of.useCases.authenticator.authenticate(of.key)
    const before = process.cpuUsage()
    let admitted = 0
    for (let i = 0; i < CHECKS; i += 1) if (check(i)) admitted += 1
    if (admitted !== CHECKS) throw new Error(`${CHECKS - admitted} checks of a valid key failed`)
    const { user, system } = process.cpuUsage(before)
    const micros = (user + system) / CHECKS
    return { micros, perSecond: 1e6 / micros }
  }
}
