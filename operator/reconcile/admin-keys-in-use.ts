import type { IdGenerator } from '../api/kinds.ts'
import { adminKeySecret, ownAdminKeySecret } from '../render/names.ts'
import type { KnownRevision } from './known-revisions.ts'
import { revisionsInUse } from './revisions-in-use.ts'

/** A Secret, and the key in it. */
export interface AdminKeyPlace {
  readonly name: string
  readonly key: string
}

/**
 * Where the admin keys lie that pods know: the one that the spec names, which the next pods will know, comes first. While
 * a canary goes from one to another these are two, and each pod knows one of them.
 */
export function adminKeysInUse(
  generator: IdGenerator,
  known: ReadonlyMap<string, KnownRevision>,
): readonly AdminKeyPlace[] {
  const used = revisionsInUse(generator, known).map(
    // One whose record is lost may have the operator's own: that has a fixed name.
    ({ record }) => record?.inputs.adminKeySecret ?? ownAdminKeySecret(generator),
  )
  const byText = new Map<string, AdminKeyPlace>()
  for (const place of [adminKeySecret(generator), ...used]) {
    const text = `${place.name}/${place.key}`
    if (!byText.has(text)) byText.set(text, place)
  }
  return [...byText.values()]
}
