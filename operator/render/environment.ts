import { clientsText } from './client-entries.ts'
import { flatConfig } from './flat-config.ts'
import { PORTS } from './names.ts'
import { REFUSED_KEY } from './refused-clients.ts'
import type { RevisionInputs } from './revision.ts'
import { SECRET_FILES, secretPath } from './secret-files.ts'

/** A variable of a container, as Kubernetes has it. */
export interface Variable {
  readonly name: string
  readonly value?: string
  readonly valueFrom?: Readonly<Record<string, unknown>>
}

/** A key of the service's configuration, given by a variable, which nothing in the file or in etcd can override. */
interface GivenKey {
  /** As in docs/configuration.md: "database.url". */
  readonly key: string
  readonly variable: Variable
}

/** Where the volume of spec.auditFile lies. */
export const AUDIT_FOLDER = '/var/lib/idgen/audit'

/**
 * What the objects around a pod rest on, and what must be right or numbers meet: ports, the data centre, files of
 * Secrets. It stands in the environment, the highest layer of the configuration. The rest is in the file.
 */
export function serverEnvironment(inputs: RevisionInputs, etcdClientCertificate: boolean): Variable[] {
  return [
    // First, because those after it refer to it.
    { name: 'POD_IP', valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath: 'status.podIP' } } },
    ...variables(serverKeys(inputs)),
    ...storeEnvironment(inputs, etcdClientCertificate),
  ]
}

/** The part that a migration needs as well. */
export function storeEnvironment(inputs: RevisionInputs, etcdClientCertificate: boolean): Variable[] {
  return variables(storeKeys(inputs, etcdClientCertificate))
}

/** Probes and scrapes ask as spec.tls.metrics says. */
const METRICS_TLS = 'server.metrics.tls'

/**
 * Keys that nobody may set. Where they have their defaults no variable says so: an image from before one of them would not start
 * with it. Pods have one worker id each, as core/pod-budget.ts counts. Whom pods refuse the operator writes (refused-clients.ts).
 */
export const LEFT_OUT: ReadonlySet<string> = new Set(['server.workerIds', REFUSED_KEY, METRICS_TLS])

/** Variables that would set them all the same. */
export const LEFT_OUT_VARIABLES: readonly string[] = [...LEFT_OUT].map(variableName)

/** Keys of the configuration that the file cannot set, because a variable does. */
export function givenKeys(inputs: RevisionInputs): ReadonlySet<string> {
  return new Set([...serverKeys(inputs), ...storeKeys(inputs, true)].map(({ key }) => key))
}

function serverKeys(inputs: RevisionInputs): GivenKey[] {
  const host = podHost(inputs)
  const required = String(inputs.tls.mode === 'Required')
  const podName = { fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.name' } }
  return [
    { key: 'server.nodeName', variable: { name: variableName('server.nodeName'), valueFrom: podName } },
    given('server.http.port', String(PORTS.http)),
    given('server.https.port', String(PORTS.https)),
    given('server.grpc.port', String(PORTS.grpc)),
    given('server.metrics.port', String(PORTS.metrics)),
    ...(inputs.tls.metrics === true ? [given(METRICS_TLS, 'true')] : []),
    given('server.https.cert', secretPath(SECRET_FILES.certificate)),
    given('server.https.key', secretPath(SECRET_FILES.certificateKey)),
    given('server.https.redirect', required),
    given('server.grpc.tls', required),
    referring(
      'server.advertise.http',
      inputs.tls.mode === 'Required' ? `https://${host}:${PORTS.https}` : `http://${host}:${PORTS.http}`,
    ),
    referring('server.advertise.grpc', `${host}:${PORTS.grpc}`),
    givenFile('auth.adminKey', SECRET_FILES.adminKey),
    ...(inputs.auditFile === undefined ? [] : [auditFileKey()]),
    ...(inputs.clients === undefined ? [] : clientKeys(inputs.clients)),
    ...(inputs.resp === undefined ? [] : respKeys(required)),
  ]
}

/** Named after the pod, for all of them may write to one volume; the name stands in a variable before it. */
function auditFileKey(): GivenKey {
  return referring('audit.file', `${AUDIT_FOLDER}/$(${variableName('server.nodeName')}).ndjson`)
}

function clientKeys(clients: NonNullable<RevisionInputs['clients']>): GivenKey[] {
  // Beside each other: a migration has the same file, not this variable, and one without the other is refused.
  return [
    given('server.https.clientCa', secretPath(SECRET_FILES.clientAuthority)),
    given('auth.clients', clientsText(clients)),
  ]
}

function respKeys(tlsRequired: string): GivenKey[] {
  return [
    given('server.resp.enabled', 'true'),
    given('server.resp.port', String(PORTS.resp)),
    given('server.resp.tls', tlsRequired),
  ]
}

function storeKeys({ datacenter, database, etcd, redis }: RevisionInputs, clientCertificate: boolean) {
  const keys = [
    given('datacenter.id', String(datacenter)),
    givenFile('database.url', SECRET_FILES.databaseUrl),
    ...(database.tls === undefined
      ? []
      : [given('database.tls.ca', secretPath(SECRET_FILES.databaseAuthority))]),
    // Pods must not race the Job, nor each other. Without the Job the configuration says who migrates.
    ...(database.migrate ? [given('database.migrate', 'false')] : []),
  ]
  if (etcd !== undefined) keys.push(...etcdKeys(etcd, clientCertificate))
  if (redis === undefined) return keys
  keys.push(given('redis.cluster', String(redis.cluster)))
  if (redis.secret !== undefined) keys.push(givenFile('redis.endpoints', SECRET_FILES.redisEndpoints))
  else keys.push(given('redis.endpoints', (redis.endpoints ?? []).join(',')))
  if (redis.tls !== undefined) keys.push(given('redis.tls.ca', secretPath(SECRET_FILES.redisAuthority)))
  return keys
}

function etcdKeys(etcd: NonNullable<RevisionInputs['etcd']>, clientCertificate: boolean): GivenKey[] {
  const keys = [given('etcd.endpoints', etcd.endpoints.join(',')), given('etcd.prefix', etcd.prefix)]
  if (etcd.secret !== undefined) {
    // The user name is no secret to the service, which takes only secrets from files.
    const secretKeyRef = { name: etcd.secret.name, key: 'username' }
    keys.push(
      {
        key: 'etcd.username',
        variable: { name: variableName('etcd.username'), valueFrom: { secretKeyRef } },
      },
      givenFile('etcd.password', SECRET_FILES.etcdPassword),
    )
  }
  if (etcd.tls === undefined) return keys
  keys.push(given('etcd.tls.ca', secretPath(SECRET_FILES.etcdAuthority)))
  if (clientCertificate)
    keys.push(
      given('etcd.tls.cert', secretPath(SECRET_FILES.etcdCertificate)),
      given('etcd.tls.key', secretPath(SECRET_FILES.etcdCertificateKey)),
    )
  return keys
}

/** Kubernetes fills in POD_IP. Who listens on an IPv6 address has pods with such, and a URL wants brackets around it. */
function podHost({ config }: RevisionInputs): string {
  const listensOn = flatConfig(config).get('server.http.host')
  return typeof listensOn === 'string' && listensOn.includes(':') ? '[$(POD_IP)]' : '$(POD_IP)'
}

/**
 * The value as it stands in the spec. Kubernetes puts variables in for $(NAME), and one $ for two: a certificate's name
 * would come to the service as another.
 */
function given(key: string, value: string): GivenKey {
  return referring(key, value.replaceAll('$', '$$$$'))
}

/** A value that refers to variables before it. Nothing of the spec may stand in it. */
function referring(key: string, value: string): GivenKey {
  return { key, variable: { name: variableName(key), value } }
}

function givenFile(key: string, file: string): GivenKey {
  return { key, variable: { name: `${variableName(key)}_FILE`, value: secretPath(file) } }
}

function variables(keys: readonly GivenKey[]): Variable[] {
  return keys.map(({ variable }) => variable)
}

/** server.http.port is IDGEN_SERVER_HTTP_PORT, auth.adminKey is IDGEN_AUTH_ADMIN_KEY. */
function variableName(key: string): string {
  return `IDGEN_${key.replaceAll('.', '_').replace(/[A-Z]/g, (letter) => `_${letter}`)}`.toUpperCase()
}
