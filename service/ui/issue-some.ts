import { authorize } from '../app/authenticator.ts'
import { LocalIssuer } from '../app/local-issuer.ts'
import type { UseCases } from '../app/use-cases.ts'
import type { AlgorithmName } from '../core/algorithm.ts'
import { decimalText } from '../core/decimal.ts'
import { IdgenError } from '../core/errors.ts'
import { IdBatch, UUID_BYTES } from '../core/id-batch.ts'
import { uuidText } from '../core/uuid-text.ts'
import type { Member } from './visit.ts'

export interface IssuedSome {
  readonly ids: readonly string[]
  readonly algorithm: AlgorithmName
  readonly degraded: boolean
}

/**
 * A few IDs of a tag, to be looked at: real ones, spent like any other, with the rights and the limits of the key.
 * @throws IDGEN_FORBIDDEN, IDGEN_RATE_LIMITED, IDGEN_COUNT_OUT_OF_RANGE, and as Issuer.take
 */
export async function issueSome(
  member: Member,
  useCases: UseCases,
  path: string,
  count: number,
): Promise<IssuedSome> {
  const { caller, actor } = member
  authorize(caller, 'issue', path)
  if (!Number.isInteger(count) || count < 1 || count > SOME_MAX)
    throw new IdgenError('IDGEN_COUNT_OUT_OF_RANGE', `The count must be 1 to ${SOME_MAX} here, not ${count}.`)
  useCases.rates.admitTag(path)
  const issuer = new LocalIssuer(useCases, 'http')
  const batch = new IdBatch()
  try {
    await issuer.take(path, count, batch, 1)
  } catch (thrown) {
    issuer.countCall(caller.keyId, path, IdgenError.from(thrown).code, 0, actor.traceId)
    throw thrown
  }
  issuer.countCall(caller.keyId, path, 'ok', count, actor.traceId)
  return { ids: textsOf(batch), algorithm: batch.algorithm, degraded: batch.degraded }
}

function textsOf(batch: IdBatch): string[] {
  const texts: string[] = []
  for (let run = 0; run < batch.runCount; run += 1)
    for (let i = 0; i < batch.runLength(run); i += 1) {
      const lo = batch.runLo(run) + i
      const [hi, low] = [batch.runHi(run) + Math.floor(lo / TWO_32), lo % TWO_32]
      texts.push(batch.printer?.text(hi, low) ?? decimalText(hi, low))
    }
  const bytes = batch.uuidBytes()
  for (let at = 0; at < bytes.length; at += UUID_BYTES) texts.push(uuidText(bytes, at))
  return texts
}

const TWO_32 = 2 ** 32
/** To look at, not to use. */
export const SOME_MAX = 10
