import { randomInt } from 'node:crypto'
import type { IdGenerator } from '../api/kinds.ts'
import { encoded } from '../certificates/secret-data.ts'
import { ownedObject } from '../render/metadata.ts'
import { adminKeySecret } from '../render/names.ts'
import type { RenderedObject } from '../render/rendered-object.ts'
import { SECRETS } from './kube-kinds.ts'

/** The Secret with the key that may do everything, for an IdGenerator that names none. Made once, and never changed. */
export function newAdminKeySecret(generator: IdGenerator, keyText: string): RenderedObject {
  const { name, key } = adminKeySecret(generator)
  return ownedObject(generator, SECRETS, name, { type: 'Opaque', data: encoded({ [key]: keyText }) })
}

/** In the form of all keys of the service: idg_<id>_<secret>, 256 random bits in the secret. */
export function newKeyText(): string {
  return `idg_${random(LOWER, 12)}_${random(LOWER + UPPER, 43)}`
}

function random(alphabet: string, length: number): string {
  return Array.from({ length }, () => alphabet[randomInt(alphabet.length)]).join('')
}

const LOWER = 'abcdefghijklmnopqrstuvwxyz0123456789'
const UPPER = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ'
