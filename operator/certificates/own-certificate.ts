import {
  type AuthorityChange,
  bundle,
  type CertificateWorld,
  pairOf,
  type RenewedAuthorities,
  readAuthorities,
  renewAuthorities,
  stateOf,
  validFrom,
  writeAuthorities,
} from './authorities.ts'
import { writeCertificate } from './certificate-writer.ts'
import { commonNameOf, type KeyPair, namesOf, readCertificate, readKeyPair, validityOf } from './key-pair.ts'
import {
  authorityDueMs,
  decideServer,
  renewalMs,
  SERVER_LIFE_MS,
  type ServerReason,
  type ServerState,
} from './renewal-decision.ts'
import { decoded, encoded, type SecretData } from './secret-data.ts'
import { serverNames } from './server-names.ts'

export interface CertificateInput {
  readonly generator: string
  readonly namespace: string
  /** spec.tls.dnsNames */
  readonly dnsNames: readonly string[]
  /** Of the Secret <generator>-ca; undefined: there is none. */
  readonly authority: SecretData | undefined
  /** Of the Secret <generator>-tls; undefined: there is none. */
  readonly certificate: SecretData | undefined
}

export interface OwnCertificate {
  /** What <generator>-ca must hold; write it first. Byte for byte what it was, where nothing had to change. */
  readonly authority: SecretData
  /** What <generator>-tls must hold: tls.crt, tls.key, and in ca.crt everything that callers must trust. */
  readonly certificate: SecretData
  /** For events. Empty: nothing was made. */
  readonly changes: readonly CertificateChange[]
  /** When the server's certificate ends. */
  readonly notAfterMs: number
  /** When there may be something to do again; one day at most. */
  readonly lookAgainInMs: number
}

export type CertificateChange =
  | AuthorityChange
  | { readonly reason: 'CertificateMade'; readonly note: string }

/**
 * The operator's own authority and the certificate of the pods, kept valid: to be asked at every reconcile, with what
 * the two Secrets hold. Throws where a name can stand in no certificate.
 *
 * Who deletes <generator>-ca wants nothing trusted any more that it signed: all is made anew at once.
 */
export function ownCertificate(input: CertificateInput, world: CertificateWorld): OwnCertificate {
  const names = serverNames(input.generator, input.namespace, input.dnsNames)
  const changes: CertificateChange[] = []
  const found = readAuthorities(input.authority)
  const authorities = renewAuthorities(found, input.generator, world, (change) => changes.push(change))
  const { signing } = authorities
  const text = decoded(input.certificate)
  const known = readKeyPair(text['tls.crt'], text['tls.key'])
  const reason = decideServer(
    known === undefined ? undefined : stateOfServer(known, signing),
    names,
    world.nowMs,
  )
  const renewed = reason !== undefined || known === undefined
  const server = renewed ? makeServer(input.generator, names, signing, world) : known
  if (reason !== undefined) changes.push({ reason: 'CertificateMade', note: NOTES[reason] })
  return {
    authority: writeAuthorities(authorities),
    certificate: encoded({
      'ca.crt': bundle(authorities),
      'tls.crt': server.certificatePem,
      'tls.key': server.keyPem,
    }),
    changes,
    notAfterMs: validityOf(server.certificate).notAfterMs,
    lookAgainInMs: lookAgainInMs(server, authorities, world.nowMs),
  }
}

/** Whether an authority of ours, also one that signs no more or not yet, signed what `certificate` holds. */
export function isOwnCertificate(
  authority: SecretData | undefined,
  certificate: SecretData | undefined,
): boolean {
  const { signing, next, previousPem } = readAuthorities(authority)
  const server = readCertificate(decoded(certificate)['tls.crt'])
  const authorities = [signing?.certificate, next?.certificate, readCertificate(previousPem)]
  return authorities.some((one) => one !== undefined && server?.verify(one.publicKey) === true)
}

function stateOfServer(server: KeyPair, signing: KeyPair): ServerState {
  const { certificate } = server
  return {
    ...validityOf(certificate),
    names: namesOf(certificate),
    signedByAuthority: certificate.verify(signing.certificate.publicKey),
  }
}

function makeServer(
  generator: string,
  names: readonly string[],
  signing: KeyPair,
  world: CertificateWorld,
): KeyPair {
  const { publicKey, privateKey } = world.newKeys()
  const { notBeforeMs, notAfterMs } = validFrom(world.nowMs, SERVER_LIFE_MS)
  const ends = Math.min(notAfterMs, validityOf(signing.certificate).notAfterMs)
  const certificatePem = writeCertificate(
    {
      commonName: generator,
      publicKey,
      validity: { notBeforeMs, notAfterMs: ends },
      serial: world.randomBytes(16),
      use: { kind: 'server', names },
    },
    {
      commonName: commonNameOf(signing.certificate),
      publicKey: signing.certificate.publicKey,
      privateKey: signing.privateKey,
    },
  )
  return pairOf(certificatePem, privateKey)
}

function lookAgainInMs(server: KeyPair, authorities: RenewedAuthorities, nowMs: number): number {
  const dueMs = Math.min(renewalMs(validityOf(server.certificate)), authorityDueMs(stateOf(authorities)))
  return Math.min(LOOK_MAX_MS, Math.max(0, dueMs - nowMs))
}

const NOTES: Readonly<Record<ServerReason, string>> = {
  Missing: 'a certificate for the pods was made',
  AuthorityChanged: 'a new certificate for the pods was made, because another authority signs now',
  NamesChanged: 'a new certificate for the pods was made, because its names changed',
  EndNear: 'a new certificate for the pods was made, a third of its life before the old one ends',
}
/** A timer of weeks is forgotten at every restart of the operator anyway; a day is soon enough for dates that lie weeks ahead. */
const LOOK_MAX_MS = 24 * 3_600_000
