import { mayUse } from '../service/app/authenticator.ts'
import { apiKeyOf } from '../service/http/api-key-header.ts'
import { ConnectionDigests } from '../service/http/connection-digests.ts'
import type { Cost } from './interleaved-rounds.ts'
import { memoryIdgen } from './memory-idgen.ts'

const CHECKS = 200_000

/**
 * What it costs to see who asks and whether he may: the key out of the headers, its digest, the look into the cache, the scope.
 * `connections` take turns, so each brings a key text of its own, as requests do, that says the same as the one before.
 */
export async function keyCheck(connections: number): Promise<() => Promise<Cost>> {
  const { useCases, tag, key } = await memoryIdgen(1_000_000)
  const digests = new ConnectionDigests()
  const sockets = Array.from({ length: connections }, () => ({}))
  return async () => {
    // Forgotten by the first look into the catalogue, and asked for again, as in a service.
    await useCases.authenticator.authenticate(key)
    const requests = sockets.map(() => ({ authorization: Buffer.from(`Bearer ${key}`).toString('latin1') }))
    const before = process.cpuUsage()
    let admitted = 0
    for (let i = 0; i < CHECKS; i += 1) {
      const at = i % connections
      const keyText = apiKeyOf(requests[at] ?? {})
      const caller = useCases.authenticator.peek(keyText, digests.of(sockets[at] ?? {}, keyText))
      if (caller !== undefined && mayUse(caller, 'issue', tag)) admitted += 1
    }
    if (admitted !== CHECKS) throw new Error(`${CHECKS - admitted} checks of a valid key failed`)
    const { user, system } = process.cpuUsage(before)
    const micros = (user + system) / CHECKS
    return { micros, perSecond: 1e6 / micros }
  }
}
