import type { IdGenerator } from '../api/kinds.ts'
import { isOwnCertificate } from '../certificates/own-certificate.ts'
import { decoded } from '../certificates/secret-data.ts'
import { NAMES, ownTlsSecretName } from '../render/names.ts'
import type { KnownRevision } from './known-revisions.ts'
import { type CertificateFound, keyIn, podCertificate } from './pod-certificate.ts'
import type { SecretStore } from './secret-store.ts'
import { signedNames } from './signed-names.ts'

/**
 * The operator's own certificate, where the spec names another one by now: it is kept valid for as long as there are pods
 * that rest on it, however long the way to the other one takes, or whether it is taken at all. undefined: none does.
 */
export async function formerCertificate(
  store: SecretStore,
  generator: IdGenerator,
  known: ReadonlyMap<string, KnownRevision>,
  nowMs: number,
  signal: AbortSignal,
): Promise<CertificateFound | undefined> {
  const { spec, metadata } = generator
  if (spec.tls.secretName === undefined && spec.tls.issuerRef === undefined) return undefined
  const name = ownTlsSecretName(generator)
  // One whose record is lost may be any.
  const isUsed = [...known.values()].some(
    ({ deployment, record }) => deployment !== undefined && (record?.inputs.tls.secretName ?? name) === name,
  )
  if (!isUsed) return undefined
  const certificate = await store.find(keyIn(generator, name), signal)
  const authority = await store.find(keyIn(generator, NAMES.authority(metadata.name)), signal)
  // From cert-manager, or from people: theirs to renew.
  if (!isOwnCertificate(authority?.data, certificate?.data)) return undefined
  const dnsNames = signedNames(generator, decoded(certificate?.data)['tls.crt'])
  const before = { ...generator, spec: { ...spec, tls: { mode: spec.tls.mode, dnsNames } } }
  return await podCertificate(store, before, nowMs, signal)
}

/** The end that comes first, the sooner look, and what both have to tell. */
export function withFormer(now: CertificateFound, former: CertificateFound | undefined): CertificateFound {
  if (former === undefined) return now
  const notAfterMs = sooner(now.notAfterMs, former.notAfterMs)
  const lookAgainInMs = sooner(now.lookAgainInMs, former.lookAgainInMs)
  return {
    secret: now.secret,
    problems: [...now.problems, ...former.problems],
    events: [...now.events, ...former.events],
    ...(notAfterMs === undefined ? {} : { notAfterMs }),
    ...(lookAgainInMs === undefined ? {} : { lookAgainInMs }),
  }
}

function sooner(one: number | undefined, other: number | undefined): number | undefined {
  return one === undefined || other === undefined ? (one ?? other) : Math.min(one, other)
}
