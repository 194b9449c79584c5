import { givenKeys, LEFT_OUT } from './environment.ts'
import { flatConfig } from './flat-config.ts'
import type { RevisionInputs } from './revision.ts'

/** Name of the file in the ConfigMap. */
export const CONFIG_FILE = 'idgen.yaml'

type Settings = ReadonlyMap<string, unknown>

/**
 * The service's configuration file: a line for each key, written with dots, in order. Layers: our defaults, then
 * spec.config, then what the spec says in fields of its own.
 */
export function configFile(inputs: RevisionInputs): string {
  const given = givenKeys(inputs)
  const settings = new Map([...defaults(inputs), ...flatConfig(inputs.config), ...said(inputs)])
  const lines = [...settings]
    .filter(([key]) => !isGiven(given, key) && !LEFT_OUT.has(key))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    // Every JSON text is YAML. A name that could be something else in YAML stands in quotes.
    .map(
      ([key, value]) =>
        `${/^[A-Za-z][A-Za-z0-9.]*$/.test(key) ? key : JSON.stringify(key)}: ${JSON.stringify(value)}`,
    )
  return [
    '# Made from the IdGenerator by its operator. What its other fields say is in the environment.',
    ...lines,
    '',
  ].join('\n')
}

/** Keys of spec.config that have no effect, because a field of the spec, or the operator, says it. */
export function ignoredConfigKeys(inputs: RevisionInputs): readonly string[] {
  const given = givenKeys(inputs)
  const saidKeys = said(inputs)
  return [...flatConfig(inputs.config).keys()]
    .filter((key) => isGiven(given, key) || saidKeys.has(key) || LEFT_OUT.has(key))
    .sort()
}

/** For what people leave open. */
function defaults({ pod }: RevisionInputs): Settings {
  const { drainSeconds, shutdownSeconds } = shutdownTimes(pod.terminationGracePeriodSeconds)
  return new Map<string, unknown>([
    // The service's own default suits one process on a server of its own; a dozen pods would take all connections.
    ['database.pool.max', 20],
    ['database.pool.min', 2],
    ['server.drainDelay', `${drainSeconds}s`],
    ['server.shutdownTimeout', `${shutdownSeconds}s`],
  ])
}

/** What the spec says in fields of its own. */
function said({ database: { pool }, ui, limits }: RevisionInputs): Settings {
  return new Map<string, unknown>([
    ...(pool === undefined
      ? []
      : ([
          ['database.pool.max', pool.max],
          ['database.pool.min', pool.min],
        ] as const)),
    ...(ui === undefined ? [] : uiSettings(ui)),
    ...(limits?.shared === undefined ? [] : ([['limits.shared', limits.shared]] as const)),
  ])
}

function uiSettings({ enabled, grafanaUrl }: NonNullable<RevisionInputs['ui']>): [string, unknown][] {
  const settings: [string, unknown][] = []
  // Only what it says: who switched the UI off in spec.config must not get it with the address of a Grafana.
  if (enabled !== undefined) settings.push(['server.ui.enabled', enabled])
  if (grafanaUrl !== undefined) settings.push(['server.ui.grafanaUrl', grafanaUrl])
  return settings
}

/**
 * A pod that ends goes on serving until the cluster has taken it out of its Services (drain), then finishes what is in
 * flight, then closes what it has open; all of it inside the grace period, or it is killed in the middle.
 */
function shutdownTimes(graceSeconds: number): {
  readonly drainSeconds: number
  readonly shutdownSeconds: number
} {
  const quarter = Math.floor(graceSeconds / 4)
  const drainSeconds = Math.min(DRAIN_SECONDS, quarter)
  const shutdownSeconds = graceSeconds - drainSeconds - Math.min(CLOSING_SECONDS, quarter)
  return { drainSeconds, shutdownSeconds: Math.min(SHUTDOWN_MAX_SECONDS, shutdownSeconds) }
}

/** Endpoints and the rules of kube-proxy are current on every node after a second or two. */
const DRAIN_SECONDS = 5
/** What the service asks for beyond drain and requests in flight: it gives grants back to both stores. */
const CLOSING_SECONDS = 10
/** What server.shutdownTimeout allows at most. */
const SHUTDOWN_MAX_SECONDS = 600

function isGiven(given: ReadonlySet<string>, key: string): boolean {
  return given.has(key) || (key.endsWith('File') && given.has(key.slice(0, -'File'.length)))
}
