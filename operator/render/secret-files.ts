import type { RevisionInputs } from './revision.ts'

/** Where the Secrets lie in a container. One volume for all: a pod starts when all of them are there. */
export const SECRETS_FOLDER = '/etc/idgen/secrets'

export const SECRET_FILES = {
  databaseUrl: 'database-url',
  databaseAuthority: 'database-tls/ca.crt',
  etcdPassword: 'etcd-password',
  etcdAuthority: 'etcd-tls/ca.crt',
  etcdCertificate: 'etcd-tls/tls.crt',
  etcdCertificateKey: 'etcd-tls/tls.key',
  redisEndpoints: 'redis-endpoints',
  redisAuthority: 'redis-tls/ca.crt',
  clientAuthority: 'clients/ca.crt',
  certificate: 'tls/tls.crt',
  certificateKey: 'tls/tls.key',
  adminKey: 'admin-key',
} as const

export function secretPath(file: string): string {
  return `${SECRETS_FOLDER}/${file}`
}

/** A key of a Secret that becomes a file. */
export interface SecretFile {
  readonly secret: string
  readonly key: string
  readonly file: string
}

/** What the stores need: read at the start of a process only. */
export function storeFiles(inputs: RevisionInputs, etcdClientCertificate: boolean): SecretFile[] {
  const { database, etcd, redis } = inputs
  const files = [file(database.secret.name, database.secret.key, SECRET_FILES.databaseUrl)]
  if (database.tls !== undefined)
    files.push(file(database.tls.secretName, 'ca.crt', SECRET_FILES.databaseAuthority))
  if (etcd?.secret !== undefined) files.push(file(etcd.secret.name, 'password', SECRET_FILES.etcdPassword))
  if (etcd?.tls !== undefined) {
    const { secretName } = etcd.tls
    files.push(file(secretName, 'ca.crt', SECRET_FILES.etcdAuthority))
    if (etcdClientCertificate)
      files.push(
        file(secretName, 'tls.crt', SECRET_FILES.etcdCertificate),
        file(secretName, 'tls.key', SECRET_FILES.etcdCertificateKey),
      )
  }
  if (redis?.secret !== undefined)
    files.push(file(redis.secret.name, redis.secret.key, SECRET_FILES.redisEndpoints))
  if (redis?.tls !== undefined) files.push(file(redis.tls.secretName, 'ca.crt', SECRET_FILES.redisAuthority))
  return files
}

/** What the server needs: it takes in changes of these while it runs. */
export function serverFiles({ tls, adminKeySecret, clients }: RevisionInputs): SecretFile[] {
  const authority = clients?.authoritySecret
  return [
    file(tls.secretName, 'tls.crt', SECRET_FILES.certificate),
    file(tls.secretName, 'tls.key', SECRET_FILES.certificateKey),
    file(adminKeySecret.name, adminKeySecret.key, SECRET_FILES.adminKey),
    ...(authority === undefined ? [] : [file(authority.name, authority.key, SECRET_FILES.clientAuthority)]),
  ]
}

/**
 * The volume with these files. One source for each Secret: what is taken from two sources may be of two moments, and a
 * certificate without its key would be refused.
 */
export function secretVolume(name: string, files: readonly SecretFile[]): object {
  const secrets = [...new Set(files.map(({ secret }) => secret))]
  const sources = secrets.map((secret) => {
    const items = files.filter((file) => file.secret === secret).map(({ key, file: path }) => ({ key, path }))
    return { secret: { name: secret, items } }
  })
  // Readable for the container's user, who is not root; nobody else is in the container.
  return { name, projected: { defaultMode: 0o444, sources } }
}

function file(secret: string, key: string, name: string): SecretFile {
  return { secret, key, file: name }
}
