import { readFile, stat } from 'node:fs/promises'
import { basename } from 'node:path'
import { type FieldFault, IdgenError } from '../core/errors.ts'
import type { Clock } from '../ports/clock.ts'
import type { Coordinator } from '../ports/coordinator.ts'
import { type ConfigChange, type ConfigSource, configChange, sameConfig } from './change.ts'
import { type Environment, readEnvironmentLayer } from './environment-layer.ts'
import type { Config } from './keys.ts'
import { FILE_MAX_BYTES } from './layer.ts'
import { type ResolvedConfig, resolveConfig, unreadable } from './load.ts'
import { followSettings } from './settings-follower.ts'
import type { Settings } from './settings-layer.ts'

export interface ConfigListener {
  /** A new valid configuration; called only when a value differs. */
  onChange(change: ConfigChange): void
  /** File or etcd became invalid or unreadable; the last good configuration stays in force. Once per content. */
  onFaults(error: IdgenError): void
  /** Settings in etcd that no key has, when they are others than before. */
  onUnknown(unknown: readonly FieldFault[]): void
}

export interface ConfigWatch {
  /** No call of the listener after this. */
  stop(): void
}

export interface WatchOptions extends FollowerOptions {
  /** undefined: no etcd, only the file is followed. */
  readonly etcd?: { readonly coordinator: Coordinator; readonly clock: Clock } | undefined
}

/** Two of these pass until a change is in force: well below the 5 s of, and a read of a small file is cheap. */
const POLL_EVERY_MS = 500

/**
 * Follows the configuration file and the settings in etcd. The file is read again and again and its text compared:
 * notifications and modification times miss the symlink swap of a Kubernetes ConfigMap, network file systems and edits
 * within one tick. Files with secrets are read in the same way; the environment is that of the start.
 */
export function watchConfig(options: WatchOptions): ConfigWatch {
  const follower = new ConfigFollower(options)
  const { file, etcd } = options
  const polling = poll(async () => {
    const reading = file === undefined ? undefined : await readWhole(file)
    const secrets = await Promise.all(follower.secretFiles.map(readWhole))
    return () => {
      if (reading !== undefined) follower.observe(reading)
      follower.observeSecrets(secrets)
    }
  })
  const following =
    etcd === undefined
      ? undefined
      : followSettings(etcd.coordinator, etcd.clock, (settings) => follower.observeSettings(settings))
  return {
    stop() {
      polling[Symbol.dispose]()
      following?.[Symbol.dispose]()
    },
  }
}

/** `look` reads, and gives what tells of it: that does not happen once this was disposed of. */
function poll(look: () => Promise<() => void>): Disposable {
  let stopped = false
  const round = async (): Promise<void> => {
    const tell = await look()
    if (stopped) return
    tell()
    timer = setTimeout(() => void round(), POLL_EVERY_MS)
    timer.unref()
  }
  let timer = setTimeout(() => void round(), 0)
  timer.unref()
  return {
    [Symbol.dispose]() {
      stopped = true
      clearTimeout(timer)
    },
  }
}

/** The file's text, or why it could not be read. */
export type Reading = { readonly text: string } | { readonly fault: string }

async function readWhole(file: string): Promise<Reading> {
  try {
    const { size } = await stat(file)
    if (size > FILE_MAX_BYTES) return { fault: `is larger than ${FILE_MAX_BYTES} bytes` }
    return { text: await readFile(file, 'utf8') }
  } catch (error) {
    return { fault: `cannot be read (${(error as NodeJS.ErrnoException).code ?? String(error)})` }
  }
}

export interface FollowerOptions {
  readonly file: string | undefined
  readonly environment: Environment
  readonly started: Config
  /** That the process was started with; undefined: etcd had no part in it. */
  readonly settings?: Settings | undefined
  readonly listener: ConfigListener
}

/**
 * Decides what the readings of file and etcd mean, together. A reading of the file counts only when the next one is
 * equal: an editor that truncates and writes shows an empty file for a moment, which would be a valid configuration of
 * defaults.
 */
export class ConfigFollower {
  readonly #options: FollowerOptions
  #before: Config
  /** The last reading of the file, and the last one that counted. */
  #seen: string | undefined
  #settled: string | undefined
  /** The same of the files with secrets, all of them together. */
  #secretsSeen: string | undefined
  #secretsSettled: string | undefined
  #secretFiles: readonly string[] = []
  /** Of the last reading that counted and could be read. */
  #text: string | undefined
  #settings: Settings | undefined
  #unknown = ''

  constructor(options: FollowerOptions) {
    this.#options = options
    this.#before = options.started
    this.#settings = options.settings
    // With a file its first reading brings them.
    if (options.file === undefined)
      this.#secretFiles = readEnvironmentLayer(options.environment).secretFiles ?? []
  }

  /** Files that hold secrets of the configuration in force. */
  get secretFiles(): readonly string[] {
    return this.#secretFiles
  }

  observe(reading: Reading): void {
    const seen = JSON.stringify(reading)
    const stable = seen === this.#seen
    this.#seen = seen
    if (!stable || seen === this.#settled) return
    this.#settled = seen
    const { file = '', listener } = this.#options
    if ('fault' in reading) return listener.onFaults(unreadable(file, reading.fault))
    this.#text = reading.text
    this.#take('file')
  }

  /** Of `secretFiles`, in their order. */
  observeSecrets(readings: readonly Reading[]): void {
    const seen = JSON.stringify(readings)
    const stable = seen === this.#secretsSeen
    this.#secretsSeen = seen
    if (!stable || seen === this.#secretsSettled) return
    this.#secretsSettled = seen
    this.#take('secrets')
  }

  /** They come again, unchanged, with every connection to etcd. */
  observeSettings(settings: Settings): void {
    if (this.#settings !== undefined && sameSettings(this.#settings, settings)) return
    this.#settings = settings
    this.#take('etcd')
  }

  #take(source: ConfigSource): void {
    const { file, environment, started, listener } = this.#options
    // Before the file was seen at rest nobody knows what it says besides; its first reading comes in a moment.
    if (file !== undefined && this.#text === undefined) return
    const text = { name: basename(file ?? ''), text: this.#text ?? '' }
    let resolved: ResolvedConfig
    try {
      resolved = resolveConfig({
        file: file === undefined ? undefined : text,
        settings: this.#settings,
        environment,
      })
    } catch (error) {
      return listener.onFaults(IdgenError.from(error))
    }
    this.#secretFiles = resolved.secretFiles
    this.#tellUnknown(resolved.unknown)
    const next = resolved.config
    if (sameConfig(this.#before, next)) return
    const change = configChange(source, { started, before: this.#before, next })
    this.#before = next
    listener.onChange(change)
  }

  #tellUnknown(unknown: readonly FieldFault[]): void {
    const names = JSON.stringify(unknown)
    if (names === this.#unknown) return
    this.#unknown = names
    if (unknown.length > 0) this.#options.listener.onUnknown(unknown)
  }
}

function sameSettings(a: Settings, b: Settings): boolean {
  return a.size === b.size && [...a].every(([name, text]) => b.get(name) === text)
}
