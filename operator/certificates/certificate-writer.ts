import { createHash, type KeyObject, sign } from 'node:crypto'
import { isIPv4 } from 'node:net'
import {
  bitString,
  boolean,
  explicit,
  implicit,
  integer,
  namedBits,
  objectIdentifier,
  octetString,
  sequence,
  set,
  smallInteger,
  time,
  utf8String,
} from './der.ts'

export interface Validity {
  readonly notBeforeMs: number
  readonly notAfterMs: number
}

/** Who signs: itself, for an authority. */
export interface Signer {
  readonly commonName: string
  readonly publicKey: KeyObject
  readonly privateKey: KeyObject
}

export interface CertificateFacts {
  readonly commonName: string
  readonly publicKey: KeyObject
  readonly validity: Validity
  /** Sixteen random bytes. */
  readonly serial: Uint8Array
  readonly use: Use
}

export type Use =
  | { readonly kind: 'authority' }
  /** DNS names, and IPv4 addresses. */
  | { readonly kind: 'server'; readonly names: readonly string[] }

/** An X.509 v3 certificate as PEM (RFC 5280), signed with ECDSA and SHA-256. */
export function writeCertificate(facts: CertificateFacts, signer: Signer): string {
  const { commonName, publicKey, validity, serial, use } = facts
  const algorithm = sequence(objectIdentifier(ECDSA_WITH_SHA256))
  const signed = sequence(
    explicit(0, smallInteger(V3)),
    // At most 20 bytes and positive; a random one of 127 bits never repeats.
    integer(Buffer.concat([Buffer.of((serial[0] ?? 0) & 0x7f), serial.subarray(1)])),
    algorithm,
    distinguishedName(signer.commonName),
    sequence(time(validity.notBeforeMs), time(validity.notAfterMs)),
    distinguishedName(commonName),
    spki(publicKey),
    explicit(3, sequence(...extensions(use, publicKey, signer.publicKey))),
  )
  const signature = sign('sha256', signed, { key: signer.privateKey, dsaEncoding: 'der' })
  return pem(sequence(signed, algorithm, bitString(signature)))
}

/** A short name for a key that is another for every other key. */
export function keyId(publicKey: KeyObject): Buffer {
  // RFC 7093: the left 160 bits of SHA-256.
  return createHash('sha256').update(spki(publicKey)).digest().subarray(0, 20)
}

function extensions(use: Use, own: KeyObject, signers: KeyObject): Buffer[] {
  const subjectKey = extension(OID.subjectKeyIdentifier, false, octetString(keyId(own)))
  const authorityKey = extension(OID.authorityKeyIdentifier, false, sequence(implicit(0, keyId(signers))))
  if (use.kind === 'authority')
    return [
      // No authority below it: pathLenConstraint 0.
      extension(OID.basicConstraints, true, sequence(boolean(true), smallInteger(0))),
      extension(OID.keyUsage, true, namedBits(KEY_USAGE.keyCertSign, KEY_USAGE.cRLSign)),
      subjectKey,
      authorityKey,
    ]
  return [
    extension(OID.basicConstraints, true, sequence()),
    extension(OID.keyUsage, true, namedBits(KEY_USAGE.digitalSignature)),
    extension(OID.extendedKeyUsage, false, sequence(objectIdentifier(SERVER_AUTH))),
    subjectKey,
    authorityKey,
    extension(OID.subjectAltName, false, sequence(...use.names.map(generalName))),
  ]
}

function extension(oid: string, critical: boolean, value: Buffer): Buffer {
  return sequence(objectIdentifier(oid), ...(critical ? [boolean(true)] : []), octetString(value))
}

function generalName(name: string): Buffer {
  return isIPv4(name)
    ? implicit(7, Buffer.from(name.split('.').map(Number)))
    : implicit(2, Buffer.from(name, 'latin1'))
}

function distinguishedName(commonName: string): Buffer {
  return sequence(set(sequence(objectIdentifier(OID.commonName), utf8String(commonName))))
}

function spki(key: KeyObject): Buffer {
  return key.export({ type: 'spki', format: 'der' })
}

function pem(der: Buffer): string {
  const lines = der.toString('base64').replace(/.{64}(?=.)/g, '$&\n')
  return `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`
}

const V3 = 2
const ECDSA_WITH_SHA256 = '1.2.840.10045.4.3.2'
const SERVER_AUTH = '1.3.6.1.5.5.7.3.1'
const OID = {
  commonName: '2.5.4.3',
  subjectKeyIdentifier: '2.5.29.14',
  keyUsage: '2.5.29.15',
  subjectAltName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  authorityKeyIdentifier: '2.5.29.35',
  extendedKeyUsage: '2.5.29.37',
} as const
/** Numbers of bits. */
const KEY_USAGE = { digitalSignature: 0, keyCertSign: 5, cRLSign: 6 } as const
