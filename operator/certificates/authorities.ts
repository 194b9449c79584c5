import type { KeyObject } from 'node:crypto'
import { writeCertificate } from './certificate-writer.ts'
import { type KeyPair, readCertificate, readKeyPair, validityOf } from './key-pair.ts'
import {
  AUTHORITY_LIFE_MS,
  type AuthorityState,
  type AuthorityStep,
  decideAuthority,
} from './renewal-decision.ts'
import { decoded, encoded, type SecretData } from './secret-data.ts'

/** Where time, keys and randomness come from. */
export interface CertificateWorld {
  readonly nowMs: number
  /** A new pair on the curve P-256. */
  newKeys(): { readonly publicKey: KeyObject; readonly privateKey: KeyObject }
  randomBytes(size: number): Uint8Array
}

/** The authorities of one IdGenerator; who may do what is said in AuthorityState. */
export interface Authorities {
  readonly signing?: KeyPair | undefined
  readonly next?: KeyPair | undefined
  readonly previousPem?: string | undefined
}

export interface AuthorityChange {
  readonly reason: 'AuthorityMade' | 'AuthorityPrepared' | 'AuthorityChanged' | 'AuthorityForgotten'
  readonly note: string
}

export interface RenewedAuthorities extends Authorities {
  readonly signing: KeyPair
}

/** Takes every step that is due and tells of each. */
export function renewAuthorities(
  found: Authorities,
  generator: string,
  world: CertificateWorld,
  tell: (change: AuthorityChange) => void,
): RenewedAuthorities {
  let now = found
  for (let taken = 0; taken < STEPS_MAX; taken += 1) {
    const step = decideAuthority(stateOf(now), world.nowMs)
    if (step.do === 'keep') break
    now = after(step, now, generator, world)
    tell(CHANGES[step.do])
  }
  const { signing } = now
  if (signing === undefined) throw new Error('no authority signs, although one was just made')
  return { ...now, signing }
}

function after(
  step: AuthorityStep,
  now: Authorities,
  generator: string,
  world: CertificateWorld,
): Authorities {
  switch (step.do) {
    case 'keep':
      return now
    case 'make':
      return { signing: makeAuthority(generator, world) }
    case 'prepare-next':
      return { ...now, next: makeAuthority(generator, world) }
    case 'sign-with-next':
      return { signing: now.next, previousPem: now.signing?.certificatePem }
    case 'forget-previous':
      return { ...now, previousPem: undefined }
  }
}

const CHANGES: Readonly<Record<Exclude<AuthorityStep['do'], 'keep'>, AuthorityChange>> = {
  make: {
    reason: 'AuthorityMade',
    note: 'a new authority for certificates was made, because there was none that could be used; callers must trust the new ca.crt',
  },
  'prepare-next': {
    reason: 'AuthorityPrepared',
    note: 'the next authority stands in ca.crt beside the present one and signs in 30 days; callers must have read ca.crt again by then',
  },
  'sign-with-next': {
    reason: 'AuthorityChanged',
    note: 'the next authority signs from now on; the old one is still trusted',
  },
  'forget-previous': { reason: 'AuthorityForgotten', note: 'the old authority is no longer in ca.crt' },
}

function makeAuthority(generator: string, world: CertificateWorld): KeyPair {
  const { publicKey, privateKey } = world.newKeys()
  // A name of its own: two authorities of one name in a bundle are told apart by not every library.
  const commonName = `${generator} CA ${Buffer.from(world.randomBytes(6)).toString('hex')}`
  const certificatePem = writeCertificate(
    {
      commonName,
      publicKey,
      validity: validFrom(world.nowMs, AUTHORITY_LIFE_MS),
      serial: world.randomBytes(16),
      use: { kind: 'authority' },
    },
    { commonName, publicKey, privateKey },
  )
  return pairOf(certificatePem, privateKey)
}

/** From a moment ago: clocks of pods and callers may be behind. */
export function validFrom(nowMs: number, lifeMs: number): { notBeforeMs: number; notAfterMs: number } {
  return { notBeforeMs: nowMs - CLOCKS_APART_MS, notAfterMs: nowMs + lifeMs }
}

export function pairOf(certificatePem: string, privateKey: KeyObject): KeyPair {
  const pair = readKeyPair(certificatePem, privateKey.export({ type: 'pkcs8', format: 'pem' }).toString())
  if (pair === undefined) throw new Error(`a certificate was made that cannot be read:\n${certificatePem}`)
  return pair
}

export function stateOf({ signing, next, previousPem }: Authorities): AuthorityState {
  const previous = readCertificate(previousPem)
  return {
    ...(signing === undefined ? {} : { signing: validityOf(signing.certificate) }),
    ...(next === undefined ? {} : { next: validityOf(next.certificate) }),
    ...(previous === undefined ? {} : { previous: validityOf(previous) }),
  }
}

/** What cannot be read is as good as not there. */
export function readAuthorities(data: SecretData | undefined): Authorities {
  const text = decoded(data)
  return {
    signing: readKeyPair(text['ca.crt'], text['ca.key']),
    next: readKeyPair(text['next.crt'], text['next.key']),
    previousPem: readCertificate(text['previous.crt']) === undefined ? undefined : text['previous.crt'],
  }
}

export function writeAuthorities({ signing, next, previousPem }: RenewedAuthorities): SecretData {
  return encoded({
    'ca.crt': signing.certificatePem,
    'ca.key': signing.keyPem,
    ...(next === undefined ? {} : { 'next.crt': next.certificatePem, 'next.key': next.keyPem }),
    ...(previousPem === undefined ? {} : { 'previous.crt': previousPem }),
  })
}

/** What callers must trust. */
export function bundle({ signing, next, previousPem }: RenewedAuthorities): string {
  return [signing.certificatePem, next?.certificatePem, previousPem]
    .filter((pem) => pem !== undefined)
    .join('')
}

/** At most: sign with the next, forget the old, prepare another. */
const STEPS_MAX = 4
const CLOCKS_APART_MS = 3_600_000
