import type { IdGenerator } from '../api/kinds.ts'

/**
 * Names of everything that belongs to an IdGenerator. It has at most 40 characters and a revision has 10, so that the
 * longest name (of the migration Job) has 59: pods of a Job and labels end at 63.
 */
export const NAMES = {
  /** Of the Deployment, the ConfigMap and the ControllerRevision of a revision. */
  ofRevision: (generator: string, revision: string) => `${generator}-${revision}`,
  migrationJob: (generator: string, revision: string) => `${generator}-migrate-${revision}`,
  /** The Service that callers use, over all revisions; also ServiceAccount, budget, policies, routes, rules … */
  entry: (generator: string) => generator,
  stable: (generator: string) => `${generator}-stable`,
  canary: (generator: string) => `${generator}-canary`,
  metrics: (generator: string) => `${generator}-metrics`,
  /** ConfigMap with the certificate authority, for callers and gateways. */
  authority: (generator: string) => `${generator}-ca`,
} as const

/**
 * What containers and Services listen on. The same numbers everywhere, so nobody has to look them up. All are always
 * there but resp, for Redis clients, which spec.resp asks for.
 */
export const PORTS = { http: 8080, https: 8443, grpc: 50_051, metrics: 9464, resp: 6399 } as const

/** The Secret with the pods' certificate: tls.crt, tls.key and, unless a public authority signed it, ca.crt. */
export function tlsSecretName(generator: IdGenerator): string {
  const { secretName, issuerRef } = generator.spec.tls
  if (secretName !== undefined) return secretName
  return issuerRef === undefined ? ownTlsSecretName(generator) : issuedTlsSecretName(generator)
}

/** Where the operator puts a certificate. */
export function ownTlsSecretName({ metadata }: IdGenerator): string {
  return `${metadata.name}-tls`
}

/**
 * Where cert-manager puts one for it. Not in the place of the operator's: pods would go from one authority to the other
 * all at once, each when its node gets to it, instead of by a canary.
 */
export function issuedTlsSecretName({ metadata }: IdGenerator): string {
  return `${metadata.name}-issued-tls`
}

/** The Secret with the key that may do everything, and the key in it. */
export function adminKeySecret({ metadata, spec }: IdGenerator): {
  readonly name: string
  readonly key: string
} {
  return spec.auth.adminKeySecret ?? ownAdminKeySecret({ metadata })
}

/** Where the operator puts one. */
export function ownAdminKeySecret({ metadata }: Pick<IdGenerator, 'metadata'>): {
  readonly name: string
  readonly key: string
} {
  return { name: `${metadata.name}-admin`, key: 'admin-key' }
}

/** The name that the operator and Prometheus hold the pods' certificates against, whichever address they ask. */
export function servedName({ metadata: { name, namespace = 'default' } }: IdGenerator): string {
  return `${NAMES.entry(name)}.${namespace}.svc`
}

/** Names that the certificate must be good for: those of the Services inside the cluster, then spec.tls.dnsNames. */
export function certificateNames({ metadata, spec }: IdGenerator): readonly string[] {
  const { name, namespace = 'default' } = metadata
  const services = [NAMES.entry(name), NAMES.stable(name), NAMES.canary(name)]
  const names = services.flatMap((service) => [
    service,
    `${service}.${namespace}`,
    `${service}.${namespace}.svc`,
    `${service}.${namespace}.svc.cluster.local`,
  ])
  return [...new Set([...names, 'localhost', ...(spec.tls.dnsNames ?? [])])]
}
