import { generateKeyPairSync, randomBytes, X509Certificate } from 'node:crypto'
import type { IdGenerator } from '../api/kinds.ts'
import { LABELS } from '../api/marks.ts'
import { type OwnCertificate, ownCertificate } from '../certificates/own-certificate.ts'
import { decoded, type SecretData } from '../certificates/secret-data.ts'
import { canonicalJson } from '../render/canonical-json.ts'
import { MANAGED_BY, ownedObject } from '../render/metadata.ts'
import { NAMES, tlsSecretName } from '../render/names.ts'
import { isRefusal } from './api-refusal.ts'
import { SECRETS, type Secret } from './kube-kinds.ts'
import type { SecretStore } from './secret-store.ts'

export interface CertificateFound {
  readonly secret: Secret | undefined
  /** Sentences for people. */
  readonly problems: readonly string[]
  readonly notAfterMs?: number
  readonly lookAgainInMs?: number
  readonly events: readonly { readonly reason: string; readonly note: string }[]
}

/** The certificate of an IdGenerator's pods: from people, from cert-manager, or made and renewed here. */
export async function podCertificate(
  store: SecretStore,
  generator: IdGenerator,
  nowMs: number,
  signal: AbortSignal,
): Promise<CertificateFound> {
  const { secretName, issuerRef } = generator.spec.tls
  const name = tlsSecretName(generator)
  const secret = await store.find(keyIn(generator, name), signal)
  if (secretName !== undefined || issuerRef !== undefined) return foreign(secret, nowMs)
  const authority = await store.find(keyIn(generator, NAMES.authority(generator.metadata.name)), signal)
  const theirs = [secret, authority].filter((one) => one !== undefined && !isOurs(one))
  if (theirs.length === 0)
    try {
      return await own(store, generator, nowMs, signal)
    } catch (thrown) {
      if (!isRefusal(thrown)) throw thrown
      const problem = `The certificate's Secrets ${name} and ${NAMES.authority(generator.metadata.name)} cannot be written: ${thrown.message}.`
      return { secret, problems: [problem], events: [] }
    }
  const problems = theirs.map(
    (one) =>
      `Secret ${one?.metadata.name} is there and not the operator's: delete it, or bring a certificate by spec.tls.secretName.`,
  )
  return { secret, problems, events: [] }
}

function isOurs({ metadata }: Secret): boolean {
  return metadata.labels?.[LABELS.managedBy] === MANAGED_BY
}

/** That it is missing is found with all other Secrets. */
function foreign(secret: Secret | undefined, nowMs: number): CertificateFound {
  const found = { secret, events: [] }
  const text = decoded(secret?.data)['tls.crt']
  if (secret === undefined || text === undefined) return { ...found, problems: [] }
  const { name } = secret.metadata
  try {
    const notAfterMs = new X509Certificate(text).validToDate.getTime()
    const ended = notAfterMs > nowMs ? [] : [`The certificate in Secret ${name} has ended: renew it.`]
    return { ...found, problems: ended, notAfterMs }
  } catch {
    return { ...found, problems: [`tls.crt of Secret ${name} is no certificate in PEM.`] }
  }
}

async function own(
  store: SecretStore,
  generator: IdGenerator,
  nowMs: number,
  signal: AbortSignal,
): Promise<CertificateFound> {
  const authorityName = NAMES.authority(generator.metadata.name)
  const keys = [keyIn(generator, authorityName), keyIn(generator, tlsSecretName(generator))] as const
  let authority = await store.find(keys[0], signal)
  let certificate = await store.find(keys[1], signal)
  if (authority !== undefined) authority = await store.adopt(authority, generator, signal)
  if (certificate !== undefined) certificate = await store.adopt(certificate, generator, signal)
  let made = sign(generator, authority, certificate, nowMs)
  if (made.changes.length > 0) {
    // Caches may be old, and two authorities made one after the other would not trust each other's pods.
    authority = await store.findNow(keys[0], signal)
    certificate = await store.findNow(keys[1], signal)
    made = sign(generator, authority, certificate, nowMs)
  }
  const wanted = ownedObject(generator, SECRETS, authorityName, { type: 'Opaque', data: made.authority })
  if (authority === undefined) {
    if ((await store.create(wanted, signal)) === undefined)
      throw new Error(`Secret ${authorityName} was made by somebody else just now; it is read again`)
  } else if (!sameData(authority, made.authority)) await store.replace(authority, wanted, signal)
  if (certificate === undefined || !sameData(certificate, made.certificate)) {
    const type = 'kubernetes.io/tls'
    const object = ownedObject(generator, SECRETS, tlsSecretName(generator), { type, data: made.certificate })
    certificate = await store.apply(object, signal)
  }
  const { notAfterMs, lookAgainInMs, changes } = made
  return { secret: certificate, problems: [], notAfterMs, lookAgainInMs, events: changes }
}

function sign(
  { metadata, spec }: IdGenerator,
  authority: Secret | undefined,
  certificate: Secret | undefined,
  nowMs: number,
): OwnCertificate {
  return ownCertificate(
    {
      generator: metadata.name,
      namespace: metadata.namespace ?? 'default',
      dnsNames: spec.tls.dnsNames ?? [],
      authority: authority?.data,
      certificate: certificate?.data,
    },
    { nowMs, newKeys: () => generateKeyPairSync('ec', { namedCurve: 'P-256' }), randomBytes },
  )
}

function sameData(found: Secret, wanted: SecretData): boolean {
  return canonicalJson(found.data ?? {}) === canonicalJson(wanted)
}

export function keyIn({ metadata }: IdGenerator, name: string): string {
  return `${metadata.namespace ?? 'default'}/${name}`
}
