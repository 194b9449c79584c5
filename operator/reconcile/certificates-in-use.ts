import type { IdGenerator } from '../api/kinds.ts'
import { decoded, type SecretData } from '../certificates/secret-data.ts'
import type { CertificateText } from '../certificates/trusted-authorities.ts'
import { issuedTlsSecretName, ownTlsSecretName, tlsSecretName } from '../render/names.ts'
import type { KnownRevision } from './known-revisions.ts'

/**
 * Names of the Secrets whose certificates callers may meet: the one that the spec names, which the next pods will have,
 * and those of all pods that there are. While a canary goes from one to another these are two.
 */
export function certificatesInUse(
  generator: IdGenerator,
  known: ReadonlyMap<string, KnownRevision>,
): readonly string[] {
  const { stableRevision, canaryRevision } = generator.status ?? {}
  const used = [...known.values()].filter(
    // Also one whose Deployment somebody deleted: it is made again.
    (one) => one.revision === stableRevision || one.revision === canaryRevision || hasPods(one),
  )
  const names = used.flatMap(({ record }) =>
    // One whose record is lost may have any of those that have a fixed name.
    record === undefined
      ? [ownTlsSecretName(generator), issuedTlsSecretName(generator)]
      : [record.inputs.tls.secretName],
  )
  return [...new Set([tlsSecretName(generator), ...names.toSorted()])]
}

/** Those on their way out still answer. */
function hasPods({ deployment, pods }: KnownRevision): boolean {
  return (deployment?.spec?.replicas ?? 0) > 0 || pods.some(({ status }) => !ENDED.has(status?.phase ?? ''))
}

/**
 * What a Secret adds to what must be trusted; none: it is not there, or holds neither. An authority without a certificate
 * counts, so that callers can be given it before the first pod has one.
 */
export function servedBy(data: SecretData | undefined): readonly CertificateText[] {
  const text: CertificateText = decoded(data)
  return (text['tls.crt'] ?? '') === '' && (text['ca.crt'] ?? '') === '' ? [] : [text]
}

const ENDED: ReadonlySet<string> = new Set(['Succeeded', 'Failed'])
