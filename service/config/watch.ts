import { readFile, stat } from 'node:fs/promises'
import { IdgenError } from '../core/errors.ts'
import { type ConfigChange, configChange, sameConfig } from './change.ts'
import type { Environment } from './environment-layer.ts'
import type { Config } from './keys.ts'
import { FILE_MAX_BYTES } from './layer.ts'
import { loadConfigText, unreadable } from './load.ts'

export interface ConfigListener {
  /** A new valid configuration; called only when a value differs. */
  onChange(change: ConfigChange): void
  /** The file became invalid or unreadable; the last good configuration stays in force. Once per content. */
  onFaults(error: IdgenError): void
}

export interface ConfigWatch {
  /** No call of the listener after this. */
  stop(): void
}

/** Two of these pass until a change is in force: well below the 5 s of, and a read of a small file is cheap. */
const POLL_EVERY_MS = 500

/**
 * Follows the configuration file. It is read again and again and its text compared: notifications and modification
 * times miss the symlink swap of a Kubernetes ConfigMap, network file systems and edits within one tick.
 * Files with secrets and the environment are read again only together with a changed text.
 */
export function watchConfig(
  file: string | undefined,
  environment: Environment,
  started: Config,
  listener: ConfigListener,
): ConfigWatch {
  if (file === undefined) return { stop: () => {} }
  const follower = new ConfigFollower({ file, environment, started, listener })
  let stopped = false
  const poll = async (): Promise<void> => {
    const reading = await readWhole(file)
    if (stopped) return
    follower.observe(reading)
    timer = setTimeout(() => void poll(), POLL_EVERY_MS)
    timer.unref()
  }
  let timer = setTimeout(() => void poll(), 0)
  timer.unref()
  return {
    stop() {
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
  readonly file: string
  readonly environment: Environment
  readonly started: Config
  readonly listener: ConfigListener
}

/**
 * Decides what the readings of the file mean. A reading counts only when the next one is equal: an editor that
 * truncates and writes shows an empty file for a moment, which would be a valid configuration of defaults.
 */
export class ConfigFollower {
  readonly #options: FollowerOptions
  #before: Config
  /** The last reading, and the last one that counted. */
  #seen: string | undefined
  #settled: string | undefined

  constructor(options: FollowerOptions) {
    this.#options = options
    this.#before = options.started
  }

  observe(reading: Reading): void {
    const seen = JSON.stringify(reading)
    const stable = seen === this.#seen
    this.#seen = seen
    if (!stable || seen === this.#settled) return
    this.#settled = seen
    this.#take(reading)
  }

  #take(reading: Reading): void {
    const { file, environment, started, listener } = this.#options
    if ('fault' in reading) return listener.onFaults(unreadable(file, reading.fault))
    let next: Config
    try {
      next = loadConfigText(reading.text, file, environment)
    } catch (error) {
      return listener.onFaults(IdgenError.from(error))
    }
    if (sameConfig(this.#before, next)) return
    const change = configChange(started, this.#before, next)
    this.#before = next
    listener.onChange(change)
  }
}
