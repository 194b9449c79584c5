import { type KeyObject, randomBytes, sign } from 'node:crypto'
import { bitString, element, objectIdentifier, octetString, sequence, set, time } from './der.ts'

export interface CertificateFacts {
  readonly commonName: string
  readonly publicKey: KeyObject
  /** From when to when, in Unix milliseconds; whole seconds count. */
  readonly startMs: number
  readonly endMs: number
  readonly extensions: readonly Buffer[]
  /** Who signs: itself, if it is the common name and the key of the certificate. */
  readonly signer: { readonly commonName: string; readonly privateKey: KeyObject }
}

/** An X.509 v3 certificate as PEM (RFC 5280), signed with ECDSA and SHA-256: the keys are of P-256. */
export function writeCertificate(facts: CertificateFacts): string {
  const { commonName, publicKey, startMs, endMs, extensions, signer } = facts
  const algorithm = sequence(objectIdentifier('1.2.840.10045.4.3.2'))
  const signed = sequence(
    element(0xa0, element(0x02, Buffer.of(2))),
    // A positive number that never repeats: a first byte of 1, then 64 random bits.
    element(0x02, Buffer.of(1), randomBytes(8)),
    algorithm,
    distinguishedName(signer.commonName),
    sequence(time(startMs), time(endMs)),
    distinguishedName(commonName),
    publicKey.export({ type: 'spki', format: 'der' }),
    ...(extensions.length === 0 ? [] : [element(0xa3, sequence(...extensions))]),
  )
  const whole = sequence(signed, algorithm, bitString(sign('sha256', signed, signer.privateKey)))
  const lines = whole.toString('base64').replaceAll(/.{64}(?=.)/g, '$&\n')
  return `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`
}

/** One that is critical is understood by a client, or the certificate is refused. */
export function extension(id: string, value: Buffer, critical = false): Buffer {
  const flag = critical ? [element(0x01, Buffer.of(0xff))] : []
  return sequence(objectIdentifier(id), ...flag, octetString(value))
}

function distinguishedName(commonName: string): Buffer {
  return sequence(set(sequence(objectIdentifier('2.5.4.3'), element(0x0c, Buffer.from(commonName)))))
}
