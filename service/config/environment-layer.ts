import type { FieldFault } from '../core/errors.ts'
import { ENVIRONMENT_PREFIX, environmentName, FILE_SUFFIX } from './environment-name.ts'
import { ROWS } from './keys.ts'
import { type Layer, readSecret, type Setting, shown } from './layer.ts'
import { nearestName } from './nearest-name.ts'

export type Environment = Readonly<Record<string, string | undefined>>

const PATHS = new Map([...ROWS.keys()].map((path) => [environmentName(path), path]))
const SECRET_FILES = new Map(
  [...ROWS].filter(([, row]) => row.secret).map(([path]) => [`${environmentName(path)}${FILE_SUFFIX}`, path]),
)

/** Variables that are no configuration key. */
export const SPECIAL_VARIABLES: ReadonlyMap<string, string> = new Map([
  ['IDGEN_CONFIG', 'The YAML file, like `--config`.'],
  ['IDGEN_KEY', 'The API key of `idgen bench`, like its `--key`.'],
])

/** Read by the tests, and passed on to the processes that they start. */
const TEST_PREFIX = 'IDGEN_TEST_'

const KNOWN = [...PATHS.keys(), ...SECRET_FILES.keys(), ...SPECIAL_VARIABLES.keys()]

/** What the variables IDGEN_… set. An empty variable counts as not set: compose files and charts pass those on. */
export function readEnvironmentLayer(environment: Environment): Layer {
  const settings = new Map<string, Setting>()
  const faults: FieldFault[] = []
  const secretFiles: string[] = []
  for (const name of Object.keys(environment).sort()) {
    const text = environment[name] ?? ''
    const path = PATHS.get(name)
    if (text === '' || !name.startsWith(ENVIRONMENT_PREFIX)) continue
    if (path !== undefined) settings.set(path, { raw: { text }, source: name })
    else if (SECRET_FILES.has(name)) {
      secretFiles.push(text)
      readSecretVariable(name, text, settings, faults)
    } else if (!isForeign(name, text)) faults.push({ path: name, message: unknownText(name) })
  }
  return { settings, faults, secretFiles }
}

function readSecretVariable(
  name: string,
  file: string,
  settings: Map<string, Setting>,
  faults: FieldFault[],
): void {
  const path = SECRET_FILES.get(name) ?? name
  const secret = readSecret(file)
  // The value's own variable sorts before `…_FILE`, so it was seen.
  const other = settings.get(path)
  if (other !== undefined)
    faults.push({ path: name, message: `is given together with ${other.source}: use one` })
  else if ('fault' in secret) faults.push({ path: name, message: `${shown(file)} ${secret.fault}` })
  else settings.set(path, { raw: secret, source: name })
}

function unknownText(name: string): string {
  const nearest = nearestName(name, KNOWN)
  return nearest === undefined ? 'is unknown' : `is unknown: did you mean ${nearest}?`
}

function isForeign(name: string, text: string): boolean {
  return SPECIAL_VARIABLES.has(name) || name.startsWith(TEST_PREFIX) || isServiceLink(name, text)
}

/**
 * Kubernetes gives every pod variables for each Service of its namespace: one called `idgen` becomes
 * IDGEN_SERVICE_HOST, IDGEN_PORT=tcp://10.0.0.7:80, IDGEN_PORT_80_TCP_ADDR and so on. Refusing those would keep
 * every pod from starting. Bare …_PORT is ignored only with such a value, or a misspelt port would go unnoticed.
 */
function isServiceLink(name: string, text: string): boolean {
  return SERVICE_LINK.test(name) || (name.endsWith('_PORT') && SERVICE_ADDRESS.test(text))
}

const SERVICE_LINK =
  /_SERVICE_(?:HOST|PORT(?:_[A-Z0-9_]+)?)$|_PORT_\d+_(?:TCP|UDP|SCTP)(?:_(?:PROTO|PORT|ADDR))?$/
const SERVICE_ADDRESS = /^(?:tcp|udp|sctp):\/\//
