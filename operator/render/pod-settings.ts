import { ANNOTATIONS } from '../api/marks.ts'
import type { RevisionInputs } from './revision.ts'

type Settings = RevisionInputs['pod']
type Loose = Readonly<Record<string, unknown>>

/** What of spec.pod goes into the pod template beside our own, and what does not. */
export interface TakenSettings {
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
  readonly env: readonly Loose[]
  readonly volumes: readonly Loose[]
  readonly volumeMounts: readonly Loose[]
  /** Each a sentence for people. */
  readonly ignored: readonly string[]
}

/** What the operator itself puts there, and nobody may replace. */
export interface OwnSettings {
  readonly variables: ReadonlySet<string>
  readonly volumes: ReadonlySet<string>
  readonly folders: readonly string[]
}

/**
 * Leaves out what would take something from under the service, what would run other code in it than its image has, and
 * what the Pod Security Standard "restricted" refuses: a namespace that does not enforce it must not get weaker pods
 * through the operator.
 */
export function takenSettings(pod: Settings, own: OwnSettings): TakenSettings {
  const ignored: string[] = []
  const keep = <T>(items: readonly T[], fault: (item: T) => string | undefined): T[] =>
    items.filter((item) => {
      const text = fault(item)
      if (text !== undefined) ignored.push(text)
      return text === undefined
    })
  const annotations = keep(Object.entries(pod.annotations ?? {}), ([name]) => annotationFault(name))
  const env = keep(lastOfEach('name', pod.env ?? []), ({ name }) => variableFault(String(name), own))
  const volumes = keep(lastOfEach('name', pod.volumes ?? []), (volume) => volumeFault(volume, own))
  const names = new Set(volumes.map(({ name }) => name))
  const gone = new Set((pod.volumes ?? []).map(({ name }) => name).filter((name) => !names.has(name)))
  const volumeMounts = keep(lastOfEach('mountPath', pod.volumeMounts ?? []), (mount) =>
    mountFault(mount, gone, own),
  )
  return {
    labels: pod.labels ?? {},
    annotations: Object.fromEntries(annotations),
    env,
    volumes,
    volumeMounts,
    ignored,
  }
}

function variableFault(name: string, own: OwnSettings): string | undefined {
  if (own.variables.has(name)) return `variable ${name}: the operator sets it`
  return CODE_VARIABLES.test(name)
    ? `variable ${name}: it would load code or trust from outside of the image`
    : undefined
}

function annotationFault(name: string): string | undefined {
  if (name === ANNOTATIONS.metricsScheme) return `annotation ${name}: the operator sets it`
  // The old way to switch confinement off.
  return /^(?:container\.apparmor\.security\.beta|(?:container\.)?seccomp\.security\.alpha)\.kubernetes\.io\b/.test(
    name,
  )
    ? `annotation ${name}: pods are confined by the runtime's default profile`
    : undefined
}

function volumeFault(volume: Loose, own: OwnSettings): string | undefined {
  const { name } = volume
  if (own.volumes.has(String(name))) return `volume ${name}: the name is the operator's own`
  const kinds = Object.keys(volume).filter((field) => field !== 'name')
  const refused = kinds.filter((kind) => !VOLUMES.has(kind))
  if (refused.length === 0)
    return holdsToken(volume)
      ? `volume ${name}: serviceAccountToken would let the pods call the API server`
      : undefined
  return `volume ${name}: ${refused.join(', ')} is none of ${[...VOLUMES].join(', ')}`
}

function holdsToken({ projected }: Loose): boolean {
  const { sources } = (projected ?? {}) as Loose
  return (
    Array.isArray(sources) &&
    sources.some((source: Loose | null) => source?.['serviceAccountToken'] !== undefined)
  )
}

function mountFault(mount: Loose, gone: ReadonlySet<unknown>, own: OwnSettings): string | undefined {
  const { name, mountPath } = mount
  if (gone.has(name)) return `mount ${mountPath}: volume ${name} is left out`
  const path = takenPath(String(mountPath))
  if (own.folders.some((folder) => overlap(folder, path)))
    return `mount ${mountPath}: the operator's own files lie there`
  return IMAGE_FOLDERS.some((folder) => overlap(folder, path)) || IMAGE_LIBRARIES.test(path)
    ? `mount ${mountPath}: the image's own files lie there`
    : undefined
}

/** As the runtime takes it: from the root, without `.`, `..` and doubled slashes. */
function takenPath(mountPath: string): string {
  const names: string[] = []
  for (const name of mountPath.split('/'))
    if (name === '..') names.pop()
    else if (name !== '' && name !== '.') names.push(name)
  return `/${names.join('/')}`
}

function overlap(one: string, other: string): boolean {
  return isBelow(one, other) || isBelow(other, one)
}

function isBelow(folder: string, path: string): boolean {
  return path === folder || path.startsWith(folder === '/' ? folder : `${folder}/`)
}

/** A list with a name twice is refused as a whole; the last one is what people expect to win. */
function lastOfEach(field: string, items: readonly Loose[]): readonly Loose[] {
  return [...new Map(items.map((item) => [item[field], item])).values()]
}

/**
 * An image that is allowed must not become another program by them, nor trust others: what the shell of bin/idgen, the
 * loader, libc, OpenSSL and Node.js (of which HOME is a place of packages too) take programs, libraries and settings from.
 */
const CODE_VARIABLES =
  /^(?:PATH|HOME|ENV|BASH_ENV|SHELLOPTS|BASHOPTS|GCONV_PATH|GLIBC_TUNABLES|LOCPATH|(?:LD|NODE|OPENSSL|SSL)_.*|BASH_FUNC_.*)$/s

/**
 * Where an image has its programs and what they read of it. Node.js looks for packages that it does not find beside the
 * program at the root and in the home folder, too.
 */
const IMAGE_FOLDERS: readonly string[] = [
  '/.node_libraries',
  '/.node_modules',
  '/app',
  '/bin',
  '/dev',
  '/etc',
  '/home',
  '/node_modules',
  '/nodejs',
  '/opt',
  '/package.json',
  '/proc',
  '/root',
  '/sbin',
  '/sys',
  '/usr',
]
/** /lib, /lib64, /lib32, /libx32 */
const IMAGE_LIBRARIES = /^\/lib[^/]*(?:\/|$)/

/** What "restricted" allows. */
const VOLUMES: ReadonlySet<string> = new Set([
  'configMap',
  'csi',
  'downwardAPI',
  'emptyDir',
  'ephemeral',
  'persistentVolumeClaim',
  'projected',
  'secret',
])
