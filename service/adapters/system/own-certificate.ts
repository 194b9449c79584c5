import { createHash, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { isIP, isIPv4 } from 'node:net'
import { extension, writeCertificate } from './certificate-writer.ts'
import { bitString, element, objectIdentifier, octetString, sequence } from './der.ts'

export interface OwnCertificate {
  /** PEM. */
  readonly cert: string
  readonly key: string
}

/**
 * A key, and a certificate for `names` (host names and addresses) that nobody else has signed, for a year from now. It is good for a
 * server and signs no other one: a client that is given it trusts this server alone. As browsers want it: names as alternative names,
 * uses said, at most 397 days.
 */
export function ownCertificate(names: readonly string[], nowMs: number): OwnCertificate {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const commonName = 'idgen self-signed'
  const cert = writeCertificate({
    commonName,
    publicKey,
    startMs: nowMs - CLOCKS_DIFFER_MS,
    endMs: nowMs + LIFE_MS,
    extensions: [
      extension('2.5.29.19', sequence(), true),
      // Bit 0, digitalSignature, alone.
      extension('2.5.29.15', bitString(Buffer.of(0x80), 7), true),
      extension('2.5.29.37', sequence(objectIdentifier('1.3.6.1.5.5.7.3.1'))),
      extension('2.5.29.14', octetString(keyId(publicKey))),
      extension('2.5.29.17', sequence(...names.map(generalName))),
    ],
    signer: { commonName, privateKey },
  })
  return { cert, key: String(privateKey.export({ type: 'pkcs8', format: 'pem' })) }
}

/** Whether it can stand in a certificate: a DNS name, whose first part may be *, or an address. */
export function isServerName(text: string): boolean {
  // A zone (fe80::1%eth0) means something on one machine only.
  return isIP(text) === 0 ? text.length <= 253 && DNS_NAME.test(text) : !text.includes('%')
}

function generalName(name: string): Buffer {
  return isIP(name) === 0 ? element(0x82, Buffer.from(name)) : element(0x87, addressBytes(name))
}

function addressBytes(address: string): Buffer {
  if (isIPv4(address)) return Buffer.from(address.split('.').map(Number))
  // URLs write every IPv6 address in one way: without dots, and at most one gap of zeros.
  const [left = [], right = []] = new URL(`http://[${address}]`).hostname
    .slice(1, -1)
    .split('::')
    .map((side) => side.split(':').filter((group) => group !== ''))
  const gap = Array.from({ length: 8 - left.length - right.length }, () => '0')
  const bytes = Buffer.alloc(16)
  for (const [at, group] of [...left, ...gap, ...right].entries())
    bytes.writeUInt16BE(Number.parseInt(group, 16), 2 * at)
  return bytes
}

/** RFC 7093: the left 160 bits of SHA-256. */
function keyId(key: KeyObject): Buffer {
  const text = key.export({ type: 'spki', format: 'der' })
  return createHash('sha256').update(text).digest().subarray(0, 20)
}

const LABEL = '[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?'
const DNS_NAME = new RegExp(`^(?:\\*\\.)?${LABEL}(?:\\.${LABEL})*$`)
/** A client whose clock is behind must not find a certificate of the future. */
const CLOCKS_DIFFER_MS = 3_600_000
const LIFE_MS = 365 * 86_400_000
