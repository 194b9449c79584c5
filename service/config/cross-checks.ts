import type { FieldFault } from '../core/errors.ts'
import { parseNetworks } from '../core/trusted-proxies.ts'
import { clientFaults } from './client-identities.ts'
import { databaseFaults } from './database-trust.ts'
import { type ConfigValues, type KeyPath, ROWS } from './keys.ts'

/** `left` must be below `right` (or, with atMost, not above it), because … */
interface OrderRule {
  readonly left: KeyPath
  readonly right: KeyPath
  readonly atMost?: true
  /** Not the whole of `right` counts. */
  readonly share?: number
  readonly why: string
}

const ORDER_RULES: readonly OrderRule[] = [
  {
    left: 'database.pool.min',
    right: 'database.pool.max',
    atMost: true,
    why: 'a pool cannot keep more than it may open',
  },
  {
    left: 'server.generate.maxText',
    right: 'server.generate.maxRuns',
    atMost: true,
    why: 'runs are the cheaper answer',
  },
  {
    left: 'segment.refillDeadline',
    right: 'server.generate.deadline',
    atMost: true,
    why: 'callers would have gone before the refusal that moves the tag to its next algorithm',
  },
  {
    left: 'snowflake.renewEvery',
    right: 'snowflake.lease',
    // The part of a lease in which a process trusts it (app/time-grant-keeper.ts).
    share: 0.8,
    why: 'stamping would stop between renewals',
  },
  { left: 'snowflake.renewEvery', right: 'snowflake.window', why: 'stamping would stop between renewals' },
  { left: 'snowflake.borrowMax', right: 'snowflake.window', why: 'borrowing stays inside the granted time' },
]

const PORTS: readonly KeyPath[] = ['server.http.port', 'server.grpc.port', 'server.metrics.port']
/** Only where they are offered. */
const HTTPS_PORT: KeyPath = 'server.https.port'
const RESP_PORT: KeyPath = 'server.resp.port'

/** Rules between keys. A rule with a key in `faulty` is left out: its value here is the default, not what was given. */
export function crossFaults(values: ConfigValues, faulty: ReadonlySet<string>): FieldFault[] {
  return [
    ...orderFaults(values, faulty),
    ...portFaults(values, faulty),
    ...pairFaults(values, faulty),
    ...etcdFaults(values),
    ...databaseFaults(values),
    ...redisFaults(values),
    ...networkFaults(values),
    ...addressFaults(values),
    ...compatibilityFaults(values),
    ...clientFaults(values),
  ]
}

function orderFaults(values: ConfigValues, faulty: ReadonlySet<string>): FieldFault[] {
  const faults: FieldFault[] = []
  for (const { left, right, atMost, share = 1, why } of ORDER_RULES) {
    if (faulty.has(left) || faulty.has(right)) continue
    const [a, b] = [Number(values.get(left)), Number(values.get(right)) * share]
    if (a < b || (atMost && a === b)) continue
    const relation = `${atMost ? 'must not be above' : 'must be below'}${share === 1 ? '' : ` ${share} ×`}`
    const byDefault = a === ROWS.get(left)?.default ? ', its default' : ''
    faults.push({ path: left, message: `${relation} ${right} (${b}), not ${a}${byDefault}: ${why}` })
  }
  return faults
}

function portFaults(values: ConfigValues, faulty: ReadonlySet<string>): FieldFault[] {
  const faults: FieldFault[] = []
  const seen = new Map<unknown, string>()
  const ports = [
    ...PORTS,
    ...(values.get('server.https.cert') === '' ? [] : [HTTPS_PORT]),
    ...(values.get('server.resp.enabled') === true ? [RESP_PORT] : []),
  ]
  for (const path of ports.filter((port) => !faulty.has(port))) {
    const port = values.get(path)
    const other = seen.get(port)
    // 0 lets the system choose, and it never chooses the same twice.
    if (other !== undefined && port !== 0)
      faults.push({ path, message: `must differ from ${other}, both are ${port}` })
    else seen.set(port, path)
  }
  return faults
}

/** Keys that do nothing without another one would be ignored silently. */
function pairFaults(values: ConfigValues, faulty: ReadonlySet<string>): FieldFault[] {
  return PAIRS.filter(
    ([path, other]) => isSet(values, path) && !isSet(values, other) && !faulty.has(other),
  ).map(([path, other]) => ({ path, message: `needs ${other} beside it` }))
}

function isSet(values: ConfigValues, path: KeyPath): boolean {
  const value = values.get(path)
  return value !== '' && value !== false
}

/** What would be ignored silently, and then looks like a fault of etcd. */
function etcdFaults(values: ConfigValues): FieldFault[] {
  const faults: FieldFault[] = []
  const endpoints = String(values.get('etcd.endpoints'))
  if (endpoints === '' || endpoints.includes('https://')) return faults
  for (const path of TLS_FILES)
    if (values.get(path) !== '')
      faults.push({ path, message: `needs etcd.endpoints that begin with https://, not ${endpoints}` })
  return faults
}

function redisFaults(values: ConfigValues): FieldFault[] {
  const endpoints = String(values.get('redis.endpoints'))
  if (values.get(REDIS_CA) === '' || endpoints === '' || endpoints.includes('rediss://')) return []
  // They may hold a password, so they are not repeated.
  return [{ path: REDIS_CA, message: 'needs redis.endpoints that begin with rediss://' }]
}

const REDIS_CA: KeyPath = 'redis.tls.ca'

function networkFaults(values: ConfigValues): FieldFault[] {
  const parsed = parseNetworks(String(values.get(PROXIES)))
  if ('networks' in parsed) return []
  const message = `must be addresses and networks like 10.0.0.0/8 with commas between, not ${JSON.stringify(parsed.fault)}`
  return [{ path: PROXIES, message }]
}

const PROXIES: KeyPath = 'server.trustedProxies'

/** It is published, so a password in it is not repeated either. */
function addressFaults(values: ConfigValues): FieldFault[] {
  if (!String(values.get(ADVERTISED_GRPC)).includes('@')) return []
  return [{ path: ADVERTISED_GRPC, message: 'must be host:port, without user name and password' }]
}

const ADVERTISED_GRPC: KeyPath = 'server.advertise.grpc'

const PAIRS: readonly (readonly [KeyPath, KeyPath])[] = [
  ['etcd.tls.cert', 'etcd.tls.key'],
  ['etcd.tls.key', 'etcd.tls.cert'],
  ['etcd.password', 'etcd.username'],
  ['database.tls.ca', 'database.url'],
  ['audit.otlp.authorization', 'audit.otlp.endpoint'],
  ['server.https.cert', 'server.https.key'],
  ['server.https.key', 'server.https.cert'],
  ['server.https.clientCa', 'server.https.cert'],
  ['auth.clients', 'server.https.clientCa'],
  ['server.grpc.tls', 'server.https.cert'],
  ['limits.shared', 'redis.endpoints'],
  ['server.resp.tls', 'server.https.cert'],
  ['server.metrics.tls', 'server.https.cert'],
]
const TLS_FILES: readonly KeyPath[] = ['etcd.tls.ca', 'etcd.tls.cert', 'etcd.tls.key']

/** Names of other services' clients are tags of one group; without it nobody can say of which. */
function compatibilityFaults(values: ConfigValues): FieldFault[] {
  const path = 'server.compatibility.group'
  const group = String(values.get(path) ?? '')
  const on = ['leaf', 'tinyid'].filter((name) => values.get(`server.compatibility.${name}`) === true)
  const isGroup = /^[a-z0-9][a-z0-9._-]{0,62}\/[a-z0-9][a-z0-9._-]{0,62}$/.test(group)
  if (isGroup || (group === '' && on.length === 0)) return []
  return [{ path, message: `must be workspace/group, not ${JSON.stringify(group.slice(0, 200))}` }]
}
