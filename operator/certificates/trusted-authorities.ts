import { pemBlocks, readCertificate } from './key-pair.ts'
import { publicRoot } from './public-root.ts'

/** What a Secret with a certificate says; PEM. */
export interface CertificateText {
  readonly 'tls.crt'?: string
  /** Without it a public authority signed the certificate. */
  readonly 'ca.crt'?: string
}

/**
 * What must be trusted by whoever calls pods of which some have the one certificate and some the other: every authority
 * once, in the order of `secrets`. undefined: public ones alone, which everybody trusts anyway. Where only some are
 * public, the root that such a certificate leads to stands beside the others: who is given a bundle trusts nothing else.
 */
export function trustedAuthorities(
  secrets: readonly CertificateText[],
  rootOf: (chain: string) => string | undefined = publicRoot,
): string | undefined {
  const named = secrets.map((secret) => secret['ca.crt'] ?? '').filter((text) => text !== '')
  if (named.length === 0) return undefined
  // One Secret's is given on as it was written.
  if (named.length === secrets.length && new Set(named).size === 1) return named[0]
  const texts = secrets.map((secret) => secret['ca.crt'] || rootOf(secret['tls.crt'] ?? '') || '')
  const blocks = texts.flatMap(pemBlocks)
  return blocks.length === 0 ? named[0] : [...new Set(blocks)].map((block) => `${block}\n`).join('')
}

/** The first of `names` that all `certificates` are good for; undefined: there is none. */
export function nameOfAll(
  certificates: readonly (string | undefined)[],
  names: readonly string[],
): string | undefined {
  const read = certificates.map(readCertificate).filter((one) => one !== undefined)
  return names.find((name) => read.every((certificate) => certificate.checkHost(name) !== undefined))
}
