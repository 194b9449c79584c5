import { canonicalHash } from './canonical-json.ts'
import type { RevisionInputs } from './revision.ts'

/** A Secret that pods of a revision need, and what it must hold. */
export interface WantedSecret {
  readonly name: string
  readonly keys: readonly string[]
  /** Keys that are used if all of them are there. */
  readonly optionalKeys: readonly string[]
  /** In words: "the database". */
  readonly purpose: string
  /** Read at the start of a pod only: a change must restart the pods. */
  readonly readAtStart: boolean
}

/** Content of Secrets by name: their `data`, base64 as it stands. One that does not exist is left out. */
export type SecretContents = ReadonlyMap<string, Readonly<Record<string, string>>>

export interface SecretFacts {
  /**
   * Of what pods read at their start. It stands in the pods, so how it is made must not change for inputs that there may
   * be already: every pod would be replaced at once by the first look of a new operator.
   */
  readonly checksum: string
  /** Whether the Secret of etcd's TLS has a client certificate. */
  readonly etcdClientCertificate: boolean
  /** What is missing, each a sentence for people. Empty: pods can start. */
  readonly missing: readonly string[]
}

/** Those that people must bring, and those that the operator makes (admin key, certificate). */
export function wantedSecrets(inputs: RevisionInputs): readonly WantedSecret[] {
  const { database, etcd, redis, tls, adminKeySecret, clients } = inputs
  const secrets = [wanted('the database', database.secret.name, [database.secret.key], true)]
  if (database.tls !== undefined)
    secrets.push(wanted('TLS to the database', database.tls.secretName, ['ca.crt'], true))
  if (etcd?.secret !== undefined)
    secrets.push(wanted('etcd', etcd.secret.name, ['username', 'password'], true))
  if (etcd?.tls !== undefined)
    secrets.push({
      ...wanted('TLS to etcd', etcd.tls.secretName, ['ca.crt'], true),
      optionalKeys: CLIENT_CERTIFICATE,
    })
  if (redis?.secret !== undefined) secrets.push(wanted('Redis', redis.secret.name, [redis.secret.key], true))
  if (redis?.tls !== undefined) secrets.push(wanted('TLS to Redis', redis.tls.secretName, ['ca.crt'], true))
  secrets.push(
    wanted('the certificate', tls.secretName, ['tls.crt', 'tls.key'], false),
    wanted('the admin key', adminKeySecret.name, [adminKeySecret.key], false),
  )
  if (clients !== undefined) {
    const { name, key } = clients.authoritySecret
    secrets.push(wanted('certificates of clients', name, [key], false))
  }
  return secrets
}

export function secretFacts(inputs: RevisionInputs, contents: SecretContents): SecretFacts {
  const secrets = wantedSecrets(inputs)
  const etcdTls = inputs.etcd?.tls && contents.get(inputs.etcd.tls.secretName)
  const read = secrets
    .filter(({ readAtStart }) => readAtStart)
    .map(({ name, keys, optionalKeys }) =>
      [...keys, ...optionalKeys].map((key) => [name, key, contents.get(name)?.[key] ?? null]),
    )
  return {
    checksum: canonicalHash(read),
    etcdClientCertificate: etcdTls !== undefined && CLIENT_CERTIFICATE.every((key) => hasText(etcdTls[key])),
    missing: secrets.flatMap((secret) => whatIsMissing(secret, contents.get(secret.name))),
  }
}

function whatIsMissing(
  { name, keys, purpose }: WantedSecret,
  content: Readonly<Record<string, string>> | undefined,
): string[] {
  if (content === undefined) return [`Secret "${name}" for ${purpose} does not exist.`]
  const missing = keys.filter((key) => !hasText(content[key]))
  if (missing.length === 0) return []
  const there = Object.keys(content).sort()
  const has = there.length === 0 ? 'is empty' : `has ${there.map((key) => `"${key}"`).join(', ')}`
  return [
    `Secret "${name}" for ${purpose} lacks ${missing.map((key) => `"${key}"`).join(' and ')}; it ${has}.`,
  ]
}

function wanted(purpose: string, name: string, keys: readonly string[], readAtStart: boolean): WantedSecret {
  return { name, keys, optionalKeys: [], purpose, readAtStart }
}

function hasText(value: string | undefined): boolean {
  return value !== undefined && value !== ''
}

const CLIENT_CERTIFICATE = ['tls.crt', 'tls.key']
