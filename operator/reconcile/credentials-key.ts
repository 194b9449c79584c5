import { createHash, randomBytes } from 'node:crypto'

/**
 * The id of the n-th key of an object, 12 of a–z0–9: the same each time it is asked for, so that an operator that died
 * between two steps leaves no key behind that nobody knows. The next n when the service used the last one up.
 */
export function keyId(uid: string, n: number): string {
  const digest = createHash('sha256').update(`${uid}/${n}`).digest()
  // 72 bits are more than twelve digits of base 36 hold; the last twelve of them are as even as any.
  return digest.readBigUInt64BE(0).toString(36).padStart(KEY_ID_LENGTH, '0').slice(-KEY_ID_LENGTH)
}

/** Which of the object's keys has this id; undefined: none. */
export function keyNumber(uid: string, id: string | undefined): number | undefined {
  for (let n = 0; n < KEYS_MAX; n += 1) if (keyId(uid, n) === id) return n
  return undefined
}

export function newKeyText(id: string, random: (bytes: number) => Buffer = randomBytes): string {
  // 32 bytes are 43 characters of base64url; "-" and "_" are no characters of a key.
  let secret = ''
  while (secret.length < SECRET_LENGTH)
    secret += random(SECRET_LENGTH).toString('base64').replaceAll(/[+/=]/g, '')
  return `idg_${id}_${secret.slice(0, SECRET_LENGTH)}`
}

/** The id in the text of a key; undefined: it is none. */
export function idOfKey(text: string | undefined): string | undefined {
  return /^idg_([a-z0-9]{12})_[A-Za-z0-9]{43}$/.exec(text ?? '')?.[1]
}

export function sha256Hex(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

const KEY_ID_LENGTH = 12
const SECRET_LENGTH = 43
/** Each removal of credentialsSecret uses one up. */
export const KEYS_MAX = 50
