import type { Installation } from './installation.ts'
import { ownedObject } from './metadata.ts'
import { KINDS } from './object-kinds.ts'
import type { RenderedObject } from './rendered-object.ts'

/**
 * Without rights, and pods get no token of it. While any revision with pods runs under it, it stays, also when the spec
 * names another one by now.
 */
export function serviceAccount({ generator, revisions }: Installation): RenderedObject[] {
  const pods = [generator.spec.pod, ...revisions.map(({ record }) => record.inputs.pod)]
  return pods.some(({ serviceAccountName }) => serviceAccountName === undefined)
    ? [
        ownedObject(generator, KINDS.ServiceAccount, generator.metadata.name, {
          automountServiceAccountToken: false,
        }),
      ]
    : []
}
