import type { IdGenerator } from '../api/kinds.ts'
import type { SecretData } from '../certificates/secret-data.ts'
import { trustedAuthorities } from '../certificates/trusted-authorities.ts'
import { adminKeySecret } from '../render/names.ts'
import { KubeError } from '../runtime/kube-client.ts'
import { newAdminKeySecret, newKeyText } from './admin-key.ts'
import { isRefusal } from './api-refusal.ts'
import { certificatesInUse, servedBy } from './certificates-in-use.ts'
import { formerCertificate, withFormer } from './former-certificate.ts'
import type { KnownRevision } from './known-revisions.ts'
import type { Secret } from './kube-kinds.ts'
import { keyIn, podCertificate } from './pod-certificate.ts'
import type { SecretStore } from './secret-store.ts'

export interface SecretsFound {
  /** By name; those that are not there are missing. */
  readonly contents: ReadonlyMap<string, SecretData>
  /** What is wrong with the certificate, sentences for people. */
  readonly problems: readonly string[]
  /** PEM of what callers must trust, whichever pod answers. */
  readonly caCertificate?: string
  /** tls.crt of each Secret that there are pods with, or will be. */
  readonly certificates: readonly string[]
  readonly certificateNotAfterMs?: number
  readonly events: readonly { readonly reason: string; readonly note: string }[]
  readonly lookAgainInMs?: number
}

export interface SecretsAsked {
  /** Of Secrets that pods need. */
  readonly names: Iterable<string>
  readonly known: ReadonlyMap<string, KnownRevision>
  readonly nowMs: number
}

/** Sees to it that the Secrets are there that the operator makes, and reads them and all others that pods need. */
export async function generatorSecrets(
  store: SecretStore,
  generator: IdGenerator,
  { names, known, nowMs }: SecretsAsked,
  signal: AbortSignal,
): Promise<SecretsFound> {
  const contents = new Map<string, SecretData>()
  const keep = (secret: Secret | undefined): void => {
    if (secret !== undefined) contents.set(secret.metadata.name, secret.data ?? {})
  }
  const admin = await adminKey(store, generator, signal)
  keep(admin.secret)
  const former = await formerCertificate(store, generator, known, nowMs, signal)
  const certificate = withFormer(await podCertificate(store, generator, nowMs, signal), former)
  keep(certificate.secret)
  const inUse = certificatesInUse(generator, known)
  for (const name of new Set([...names, ...inUse]))
    if (!contents.has(name)) keep(await store.find(keyIn(generator, name), signal))
  const served = inUse.flatMap((name) => servedBy(contents.get(name)))
  const caCertificate = trustedAuthorities(served)
  const { notAfterMs, lookAgainInMs, events } = certificate
  return {
    contents,
    certificates: served.map((text) => text['tls.crt'] ?? '').filter((text) => text !== ''),
    problems: [...(admin.problems ?? []), ...certificate.problems],
    events: [...admin.events, ...events],
    ...(caCertificate === undefined ? {} : { caCertificate }),
    ...(notAfterMs === undefined ? {} : { certificateNotAfterMs: notAfterMs }),
    ...(lookAgainInMs === undefined ? {} : { lookAgainInMs }),
  }
}

interface AdminKeyFound {
  readonly secret: Secret | undefined
  readonly events: SecretsFound['events']
  readonly problems?: readonly string[]
}

/** One that is there is taken as it is, whoever made it. */
async function adminKey(
  store: SecretStore,
  generator: IdGenerator,
  signal: AbortSignal,
): Promise<AdminKeyFound> {
  const { name } = adminKeySecret(generator)
  const found = await store.find(keyIn(generator, name), signal)
  if (generator.spec.auth.adminKeySecret !== undefined) return { secret: found, events: [] }
  if (found !== undefined) return { secret: await store.adopt(found, generator, signal), events: [] }
  const wanted = newAdminKeySecret(generator, newKeyText())
  const made = await store.create(wanted, signal).catch(refusalOf)
  if (made instanceof KubeError)
    return { secret: undefined, events: [], problems: [`Secret ${name} cannot be made: ${made.message}.`] }
  if (made === undefined) return { secret: await store.findNow(keyIn(generator, name), signal), events: [] }
  const note = `A key that may do everything lies in Secret ${name}; make others with it, one for each application.`
  return { secret: made, events: [{ reason: 'AdminKeyMade', note }] }
}

/** What was refused is a finding; everything else goes on being thrown. */
function refusalOf(thrown: unknown): KubeError {
  if (!isRefusal(thrown)) throw thrown
  return thrown
}
