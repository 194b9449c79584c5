import type { WantedDeclaration } from '../core/declaration.ts'
import { type FieldFault, IdgenError } from '../core/errors.ts'
import { SEGMENT_LIMIT } from '../core/tag.ts'
import type { Floors } from './raise-floors.ts'

/** @throws IDGEN_REQUEST_INVALID with every fault of owner, generation and floors */
export function checkDeclareRequest(request: WantedDeclaration & { readonly floors: Floors }): void {
  const { owner, generation, floors } = request
  const faults: FieldFault[] = []
  for (const field of ['cluster', 'namespace', 'name', 'uid'] as const) {
    const text = owner[field]
    if (text === '' || text.length > TEXT_MAX || /\p{Cc}/u.test(text))
      faults.push({
        path: `/owner/${field}`,
        message: `must have 1 to ${TEXT_MAX} characters, none of them a control character`,
      })
  }
  if (Number.isNaN(owner.createdAt.getTime()))
    faults.push({ path: '/owner/createdAt', message: 'must be a time' })
  if (!Number.isSafeInteger(generation) || generation < 1)
    faults.push({ path: '/generation', message: `must be an integer from 1, not ${generation}` })
  for (const [dc, floor] of floors)
    if (!Number.isInteger(floor) || floor < 0 || floor > SEGMENT_LIMIT)
      faults.push({ path: `/floors/${dc}`, message: 'must be a decimal number from 0 to 2^53' })
  if (faults.length === 0) return
  throw new IdgenError('IDGEN_REQUEST_INVALID', faults.map((f) => `${f.path} ${f.message}`).join('; '), {
    faults,
  })
}

/** The longest name in Kubernetes. */
const TEXT_MAX = 253
