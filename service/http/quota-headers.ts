import type { RateLimits, RateSettings } from '../app/rate-limits.ts'
import { policyText } from '../app/refusal-headers.ts'

/** Whom a request counts for. Where no key was checked, or no tag asked for, that limit is left out. */
export interface Limited {
  readonly address: string
  readonly keyId: string | undefined
  readonly path: string | undefined
}

/**
 * The headers RateLimit-Policy and RateLimit of draft-ietf-httpapi-ratelimit-headers-11, on answers that are not refused:
 *
 *     RateLimit-Policy: "address";q=1000;w=1, "tag";q=200;w=1
 *     RateLimit: "address";r=994;t=1, "tag";r=12;t=1
 */
export class QuotaHeaders {
  readonly #rates: RateLimits
  #settings: RateSettings | undefined
  #on = false
  readonly #policies = { address: '', key: '', tag: '' }

  constructor(rates: RateLimits) {
    this.#rates = rates
  }

  /** Whether there is anything to say. */
  get on(): boolean {
    this.#follow()
    return this.#on
  }

  policy({ keyId, path }: Limited): string {
    const { address, key, tag } = this.#policies
    return joined(address, keyId === undefined ? '' : key, path === undefined ? '' : tag)
  }

  left({ address, keyId, path }: Limited): string {
    const nowMs = this.#rates.now()
    return joined(
      this.#leftOf('address', address, nowMs),
      this.#leftOf('key', keyId, nowMs),
      this.#leftOf('tag', path, nowMs),
    )
  }

  #leftOf(kind: 'address' | 'key' | 'tag', name: string | undefined, nowMs: number): string {
    if (name === undefined || this.#rates.quotaOf(kind) === undefined) return ''
    const { left, wholeInMs } = this.#rates.leftOf(kind, name, nowMs)
    return `"${kind}";r=${left};t=${wholeInMs <= 1000 ? 1 : Math.ceil(wholeInMs / 1000)}`
  }

  /** Settings are another object after each change. */
  #follow(): void {
    const rates = this.#rates
    if (rates.settings === this.#settings) return
    this.#settings = rates.settings
    for (const kind of ['address', 'key', 'tag'] as const) {
      const quota = rates.quotaOf(kind)
      this.#policies[kind] = quota === undefined ? '' : policyText(quota)
    }
    this.#on = rates.settings.headers === true && Object.values(this.#policies).some((one) => one !== '')
  }
}

/** Most have one limit only. */
function joined(first: string, second: string, third: string): string {
  if (second === '' && third === '') return first
  return [first, second, third].filter((one) => one !== '').join(', ')
}
