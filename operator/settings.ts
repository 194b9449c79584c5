/** What the operator is told by its environment; the chart sets all of it. */
export interface Settings {
  /** Where the Lease lies: the operator's own namespace. */
  readonly namespace: string
  readonly leaseName: string
  readonly podName: string
  readonly statusHost: string
  readonly statusPort: number
  /** PEM files by which that port speaks TLS; undefined: it speaks none. */
  readonly statusCertificate: { readonly cert: string; readonly key: string } | undefined
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error'
  /** Whose resources are looked after; empty: all namespaces. */
  readonly watchNamespaces: readonly string[]
  /** Of IdGenerators that name none. */
  readonly image: string | undefined
  /** What an image must begin with, see reconcile/image-policy.ts; empty: anything. */
  readonly allowedImages: readonly string[]
  /** Instead of the address of the Service: where the operator runs outside the cluster. */
  readonly serviceAddress: string | undefined
  /** Below it lie the pages that alerts link to. */
  readonly runbooks: string | undefined
}

/** One line a setting, for `--help`. */
export const SETTINGS_HELP = `IDGEN_OPERATOR_NAMESPACE         namespace of the operator and its Lease (default)
IDGEN_OPERATOR_LEASE             name of the Lease (idgen-operator)
IDGEN_OPERATOR_POD               name of this process, never that of another one at the same time (the host's)
IDGEN_OPERATOR_STATUS_HOST       address of /livez, /readyz and /metrics (0.0.0.0)
IDGEN_OPERATOR_STATUS_PORT       their port (8080; 0: a free one)
IDGEN_OPERATOR_STATUS_CERT       PEM file of the certificate by which that port speaks TLS 1.3, and nothing else; read again when it changes (none: it speaks no TLS)
IDGEN_OPERATOR_STATUS_KEY        PEM file of its key
IDGEN_OPERATOR_LOG_LEVEL         debug, info, warn or error (info)
IDGEN_OPERATOR_WATCH_NAMESPACES  namespaces to look after, with commas between (all)
IDGEN_OPERATOR_IMAGE             image of IdGenerators that name none (none)
IDGEN_OPERATOR_ALLOWED_IMAGES    what an image must begin with, with commas between (anything)
IDGEN_OPERATOR_SERVICE_ADDRESS   https://host:port of a service, where the operator runs outside the cluster (its Service)
IDGEN_OPERATOR_RUNBOOKS          address of a copy of docs/runbooks, for the links of alerts (none: they name the file in the repository)
KUBECONFIG                       how to reach the API server outside the cluster`

/** Throws one Error that names everything that is wrong. */
export function readSettings(env: Readonly<Record<string, string | undefined>>): Settings {
  const faults: string[] = []
  const text = (name: string, fallback: string): string => env[name]?.trim() || fallback
  const words = (name: string): string[] => [
    ...new Set(
      text(name, '')
        .split(',')
        .map((word) => word.trim())
        .filter((word) => word !== ''),
    ),
  ]
  const port = Number(text('IDGEN_OPERATOR_STATUS_PORT', '8080'))
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    faults.push('IDGEN_OPERATOR_STATUS_PORT must be a port, 0 to 65535')
  const statusCertificate = readCertificate(text, faults)
  const level = text('IDGEN_OPERATOR_LOG_LEVEL', 'info')
  if (!isLevel(level)) faults.push(`IDGEN_OPERATOR_LOG_LEVEL must be one of ${LEVELS.join(', ')}`)
  const namespace = text('IDGEN_OPERATOR_NAMESPACE', 'default')
  const leaseName = text('IDGEN_OPERATOR_LEASE', 'idgen-operator')
  const watchNamespaces = words('IDGEN_OPERATOR_WATCH_NAMESPACES')
  for (const [name, value] of [
    ['IDGEN_OPERATOR_NAMESPACE', namespace],
    ['IDGEN_OPERATOR_LEASE', leaseName],
    ...watchNamespaces.map((each) => ['IDGEN_OPERATOR_WATCH_NAMESPACES', each] as const),
  ] as const)
    if (!/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(value))
      faults.push(`${name} must be a Kubernetes name (a-z, 0-9, -; at most 63), not "${value}"`)
  const serviceAddress = text('IDGEN_OPERATOR_SERVICE_ADDRESS', '') || undefined
  if (serviceAddress !== undefined && !isAddress(serviceAddress))
    faults.push(`IDGEN_OPERATOR_SERVICE_ADDRESS must be https://host:port, not "${serviceAddress}"`)
  const runbooks = text('IDGEN_OPERATOR_RUNBOOKS', '') || undefined
  if (runbooks !== undefined && !isFolder(runbooks))
    faults.push(`IDGEN_OPERATOR_RUNBOOKS must be an address that ends with a slash, not "${runbooks}"`)
  if (faults.length > 0 || !isLevel(level)) throw new Error(faults.join('; '))
  return {
    namespace,
    leaseName,
    podName: text('IDGEN_OPERATOR_POD', text('HOSTNAME', 'idgen-operator')),
    statusHost: text('IDGEN_OPERATOR_STATUS_HOST', '0.0.0.0'),
    statusPort: port,
    statusCertificate,
    logLevel: level,
    watchNamespaces,
    image: text('IDGEN_OPERATOR_IMAGE', '') || undefined,
    allowedImages: words('IDGEN_OPERATOR_ALLOWED_IMAGES'),
    serviceAddress,
    runbooks,
  }
}

function readCertificate(
  text: (name: string, fallback: string) => string,
  faults: string[],
): Settings['statusCertificate'] {
  const cert = text(STATUS_CERT, '')
  const key = text(STATUS_KEY, '')
  if (cert === '' && key === '') return undefined
  if (cert === '') faults.push(`${STATUS_CERT} is missing: it goes together with ${STATUS_KEY}`)
  if (key === '') faults.push(`${STATUS_KEY} is missing: it goes together with ${STATUS_CERT}`)
  // It is not said back: it may be a key.
  for (const [name, path] of [[STATUS_CERT, cert] as const, [STATUS_KEY, key] as const])
    if (path.includes('-----BEGIN')) faults.push(`${name} must be the path of a file, not what is in it`)
  return { cert, key }
}

const STATUS_CERT = 'IDGEN_OPERATOR_STATUS_CERT'
const STATUS_KEY = 'IDGEN_OPERATOR_STATUS_KEY'

const LEVELS = ['debug', 'info', 'warn', 'error'] as const

function isLevel(text: string): text is Settings['logLevel'] {
  return (LEVELS as readonly string[]).includes(text)
}

/** The name of a page is put behind it. */
function isFolder(text: string): boolean {
  const url = URL.parse(text)
  return url !== null && /^https?:$/.test(url.protocol) && url.href === text && text.endsWith('/')
}

/** Keys go over it: never without TLS. */
function isAddress(text: string): boolean {
  const url = URL.parse(text)
  return url !== null && url.protocol === 'https:' && url.pathname === '/' && url.search === ''
}
