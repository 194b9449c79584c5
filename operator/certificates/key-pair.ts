import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto'
import type { Validity } from './certificate-writer.ts'

/** A certificate with its key, as text for a Secret and as what can be used. */
export interface KeyPair {
  readonly certificatePem: string
  readonly keyPem: string
  readonly certificate: X509Certificate
  readonly privateKey: KeyObject
}

/** undefined: it is not there, cannot be read, or the key belongs to another certificate. */
export function readKeyPair(
  certificatePem: string | undefined,
  keyPem: string | undefined,
): KeyPair | undefined {
  const certificate = readCertificate(certificatePem)
  const privateKey = readPrivateKey(keyPem)
  if (certificatePem === undefined || keyPem === undefined) return undefined
  if (certificate === undefined || privateKey === undefined) return undefined
  if (!certificate.checkPrivateKey(privateKey)) return undefined
  return { certificatePem, keyPem, certificate, privateKey }
}

export function readCertificate(pem: string | undefined): X509Certificate | undefined {
  if (pem === undefined) return undefined
  try {
    return new X509Certificate(pem)
  } catch {
    return undefined
  }
}

/** The certificates that stand in a text, one after the other. */
export function pemBlocks(text: string): readonly string[] {
  return text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []
}

function readPrivateKey(pem: string | undefined): KeyObject | undefined {
  if (pem === undefined) return undefined
  try {
    return createPrivateKey(pem)
  } catch {
    return undefined
  }
}

export function validityOf({ validFromDate, validToDate }: X509Certificate): Validity {
  return { notBeforeMs: validFromDate.getTime(), notAfterMs: validToDate.getTime() }
}

export function commonNameOf({ subject }: X509Certificate): string {
  return /^CN=(.*)$/m.exec(subject)?.[1] ?? ''
}

/** DNS names and addresses; certificates of ours have no other kind. */
export function namesOf({ subjectAltName }: X509Certificate): string[] {
  return (subjectAltName ?? '')
    .split(', ')
    .filter((part) => part !== '')
    .map((part) => part.replace(/^(?:DNS|IP Address):/, ''))
}
