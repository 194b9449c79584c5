/** What the operator is told by its environment; the chart sets all of it. */
export interface Settings {
  /** Where the Lease lies: the operator's own namespace. */
  readonly namespace: string
  readonly leaseName: string
  readonly podName: string
  readonly statusHost: string
  readonly statusPort: number
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error'
}

/** Throws one Error that names everything that is wrong. */
export function readSettings(env: Readonly<Record<string, string | undefined>>): Settings {
  const faults: string[] = []
  const text = (name: string, fallback: string): string => env[name]?.trim() || fallback
  const port = Number(text('IDGEN_OPERATOR_STATUS_PORT', '8080'))
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    faults.push('IDGEN_OPERATOR_STATUS_PORT must be a port, 0 to 65535')
  const level = text('IDGEN_OPERATOR_LOG_LEVEL', 'info')
  if (!isLevel(level)) faults.push(`IDGEN_OPERATOR_LOG_LEVEL must be one of ${LEVELS.join(', ')}`)
  const namespace = text('IDGEN_OPERATOR_NAMESPACE', 'default')
  const leaseName = text('IDGEN_OPERATOR_LEASE', 'idgen-operator')
  for (const [name, value] of [
    ['IDGEN_OPERATOR_NAMESPACE', namespace],
    ['IDGEN_OPERATOR_LEASE', leaseName],
  ] as const)
    if (!/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(value))
      faults.push(`${name} must be a Kubernetes name (a-z, 0-9, -; at most 63), not "${value}"`)
  if (faults.length > 0 || !isLevel(level)) throw new Error(faults.join('; '))
  return {
    namespace,
    leaseName,
    podName: text('IDGEN_OPERATOR_POD', text('HOSTNAME', 'idgen-operator')),
    statusHost: text('IDGEN_OPERATOR_STATUS_HOST', '0.0.0.0'),
    statusPort: port,
    logLevel: level,
  }
}

const LEVELS = ['debug', 'info', 'warn', 'error'] as const

function isLevel(text: string): text is Settings['logLevel'] {
  return (LEVELS as readonly string[]).includes(text)
}
