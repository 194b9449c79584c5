import type { Clock } from '../runtime/clock.ts'
import { isStatus, type KubeClient } from '../runtime/kube-client.ts'
import { objectKey, objectPath } from '../runtime/resource.ts'
import { SECRETS, type Secret } from './kube-kinds.ts'

/**
 * Secrets of people, which no cache holds: there may be thousands that are nobody's business. Read one by one, and
 * believed for a few seconds, so that pods that come and go do not ask for them each time.
 */
export class SecretReader {
  readonly #client: KubeClient
  readonly #clock: Clock
  readonly #known = new Map<string, { readonly secret: Secret | undefined; readonly atMs: number }>()

  constructor(client: KubeClient, clock: Clock) {
    this.#client = client
    this.#clock = clock
  }

  /** undefined: there is none. */
  async read(key: string, signal: AbortSignal): Promise<Secret | undefined> {
    const known = this.#known.get(key)
    if (known !== undefined && this.#clock.monotonicMs() - known.atMs < FRESH_MS) return known.secret
    return await this.readAnew(key, signal)
  }

  async readAnew(key: string, signal: AbortSignal): Promise<Secret | undefined> {
    const secret = await this.#get(key, signal)
    this.#remember(key, secret)
    return secret
  }

  /** After a write. */
  written(secret: Secret): void {
    this.#remember(objectKey(secret.metadata), secret)
  }

  async #get(key: string, signal: AbortSignal): Promise<Secret | undefined> {
    try {
      return await this.#client.send<Secret>({ method: 'GET', path: objectPath(SECRETS, key), signal })
    } catch (thrown) {
      if (isStatus(thrown, 404)) return undefined
      throw thrown
    }
  }

  #remember(key: string, secret: Secret | undefined): void {
    this.#known.delete(key)
    this.#known.set(key, { secret, atMs: this.#clock.monotonicMs() })
    const [oldest] = this.#known
    if (this.#known.size > KNOWN_MAX && oldest !== undefined) this.#known.delete(oldest[0])
  }
}

/** Soon enough for a password that was changed, and few enough questions. */
const FRESH_MS = 10_000
/** Ten for each of fifty IdGenerators. */
const KNOWN_MAX = 500
