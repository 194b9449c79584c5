import type { IdGenerator } from '../api/kinds.ts'
import { serverNames } from '../certificates/server-names.ts'
import { planRollout } from '../core/rollout-plan.ts'
import { checkClients } from '../render/client-entries.ts'
import type { Obstacle } from './generator-facts.ts'
import { imageAllowed } from './image-policy.ts'

export interface ImageRules {
  /** Of IdGenerators that name none; undefined: they must. */
  readonly image: string | undefined
  readonly allowedImages: readonly string[]
}

/** Why the spec of an IdGenerator is not carried out before somebody changes it; undefined: all is well. */
export function specObstacle({ metadata, spec }: IdGenerator, rules: ImageRules): Obstacle | undefined {
  if (spec.suspend)
    return {
      reason: 'Suspended',
      message: 'Everything stays as it is, but for the renewal of the certificate: spec.suspend is true.',
    }
  const image = spec.image ?? rules.image
  if (image === undefined)
    return {
      reason: 'SpecInvalid',
      message: 'spec.image is missing, and the operator has no image of its own to fall back on: name one.',
    }
  if (!imageAllowed(image, rules.allowedImages))
    return {
      reason: 'ImageNotAllowed',
      message: `Image "${image}" is not on the operator's list (${rules.allowedImages.join(', ')}): take one that is, or have the list changed. What runs is looked after meanwhile, and no canary goes on.`,
    }
  const faults = [
    fault(() => planRollout(spec)),
    fault(() => serverNames(metadata.name, metadata.namespace ?? 'default', spec.tls.dnsNames ?? [])),
    fault(() => checkClients(spec.auth.clients)),
  ].filter((one) => one !== undefined)
  return faults.length === 0 ? undefined : { reason: 'SpecInvalid', message: `${faults.join('; ')}.` }
}

function fault(check: () => unknown): string | undefined {
  try {
    check()
    return undefined
  } catch (thrown) {
    return thrown instanceof Error ? thrown.message : String(thrown)
  }
}
