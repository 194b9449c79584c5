import type { UseCases } from '../app/use-cases.ts'
import { auditMethods } from './audit-methods.ts'
import type { UnaryMethod } from './call.ts'
import { catalogMethods } from './catalog-methods.ts'
import { decodeMethod } from './decode-method.ts'
import { keyMethods } from './key-methods.ts'
import { nodeMethods } from './node-methods.ts'

/** All that spends no IDs: answered by the main thread, which alone knows the stores. */
export function managementMethods(useCases: UseCases): UnaryMethod[] {
  return [
    ...decodeMethod(useCases),
    ...catalogMethods(useCases),
    ...keyMethods(useCases),
    ...nodeMethods(useCases),
    ...auditMethods(useCases),
  ]
}
