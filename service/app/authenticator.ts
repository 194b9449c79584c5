import { hash, timingSafeEqual } from 'node:crypto'
import type { ClientIdentity } from '../core/client-identities.ts'
import { IdgenError } from '../core/errors.ts'
import { isWithin } from '../core/tag-path.ts'
import { type ApiKey, type ApiKeyStore, SCOPES, type Scope } from '../ports/api-key-store.ts'
import { readCertificateText, type ShownCertificate } from '../ports/certificate-text.ts'
import type { Clock } from '../ports/clock.ts'
import { LOOK_UP_DEADLINE_MS, LOOK_UPS_MAX, tooManyLookUps, withinDeadline } from './deadline.ts'
import { GuessedKeys } from './guessed-keys.ts'
import { validUntilMs } from './key-validity.ts'
import { type Chanced, makeRoom } from './second-chances.ts'
import { Turns } from './turns.ts'

/** Who asks: a key's public part and what it may do. */
export interface Caller {
  readonly keyId: string
  readonly scopes: readonly Scope[]
  /** '' or a prefix of `w/g/t`. */
  readonly within: string
}

export interface AuthenticatorOptions {
  readonly keys: ApiKeyStore
  readonly clock: Clock
  /** false: everybody may do everything (a laptop, a test). */
  readonly enabled: boolean
  /** A key from the configuration with every scope, so that a new installation can make its first keys. */
  readonly adminKey: string | undefined
  /** Who may come with a certificate in place of a key; left out: nobody. */
  readonly clients?: readonly ClientIdentity<Scope>[]
  /** By which texts of certificates are known (certificate-text.ts); left out: no text is one. */
  readonly certificateMark?: string
  readonly cacheMaxEntries: number
  /** A cached answer is believed for this long; milliseconds. A revoked key is dropped sooner, by the catalogue. */
  readonly cacheTtlMs: number
  /**
   * How long beyond that a key that was valid is believed while the store does not answer. A revocation needs the store
   * too, but one made where the store can be reached is not seen where it cannot. The key's own expiry counts to the moment.
   */
  readonly graceMs: number
}

/** A caller, for one who remembers who asks by himself. */
export interface Introduction {
  readonly caller: Caller
  /** Unix ms until which it may be remembered, unless the key is forgotten earlier. */
  readonly untilMs: number
}

interface Entry extends Chanced {
  readonly keyId: string
  /** undefined: the key is not valid. */
  readonly caller: Caller | undefined
  readonly untilMs: number
  /** Until then it is believed without an answer of the store. */
  readonly graceUntilMs: number
  /** Unix ms after which the key itself is no longer valid; Infinity when it does not expire. */
  readonly expiresAtMs: number
  /** Unix ms of the last call with it. Fields that change, and no move in the map: this is on the path of every ID. */
  usedMs: number
}

interface Flight {
  /** The public part of the key; undefined: none that the store could have. */
  readonly keyId: string | undefined
  readonly entry: Promise<Entry>
}

type Identified = Pick<Entry, 'keyId' | 'caller' | 'expiresAtMs'>

/**
 * Checks API keys `idg_<id>_<secret>`. The store holds only SHA-256; what was checked is remembered by that hash,
 * so a cached key costs one hash and one map look-up.
 */
export class Authenticator {
  readonly #options: AuthenticatorOptions
  readonly #entries = new Map<string, Entry>()
  /** Keys that are not valid: a flood of them must drive no valid one out, so they are not among the entries. */
  readonly #wrong = new Map<string, Entry>()
  readonly #guessed: GuessedKeys
  /** Look-ups under way, by the hash of the key: a burst of one new key asks the store once. */
  readonly #flights = new Map<string, Flight>()
  /** Also those that `forget` took out of the flights: they still hold or wait for a turn. */
  #looking = 0
  readonly #turns = new Turns(LOOK_UPS_MAX)
  #adminHash: Buffer | undefined
  #clients: readonly ClientIdentity<Scope>[]
  readonly #rememberers = new Set<(keyId: string | undefined) => void>()
  #used = new Map<string, number>()
  hits = 0
  misses = 0

  constructor(options: AuthenticatorOptions) {
    this.#options = options
    this.#guessed = new GuessedKeys(options.keys, options.clock)
    this.#adminHash = hashOf(options.adminKey)
    this.#clients = options.clients ?? []
  }

  /** Live configuration: the new key is valid at once, also where it was refused before; the old one no longer. */
  configure({ adminKey, clients = [] }: Pick<AuthenticatorOptions, 'adminKey' | 'clients'>): void {
    const next = hashOf(adminKey)
    const sameKey =
      next === undefined ? this.#adminHash === undefined : this.#adminHash?.equals(next) === true
    if (sameKey && JSON.stringify(clients) === JSON.stringify(this.#clients)) return
    this.#adminHash = next
    this.#clients = clients
    this.forgetAll()
  }

  /**
   * The caller if the key is in the cache and valid; undefined: ask `authenticate`. `digest` is `keyDigest(keyText)`,
   * for who has it already; `nowMs`: what the wall clock says, for who has looked.
   */
  peek(
    keyText: string | undefined,
    digest?: string,
    nowMs = this.#options.clock.nowMs(),
  ): Caller | undefined {
    if (!this.#options.enabled) return EVERYBODY
    if (keyText === undefined || keyText.length > KEY_TEXT_MAX) return undefined
    const cacheKey = digest ?? keyDigest(keyText)
    const entry = this.#entries.get(cacheKey)
    if (entry === undefined) return undefined
    if (entry.caller === undefined || entry.expiresAtMs <= nowMs || entry.graceUntilMs < nowMs)
      return undefined
    // Asked again beside the request, so that a database that is away stops nobody who was let in before.
    if (entry.untilMs < nowMs) {
      this.#entries.set(cacheKey, { ...entry, untilMs: nowMs + REFRESH_EVERY_MS, usedMs: nowMs, inUse: true })
      this.#lookUp(cacheKey, keyText, nowMs).catch(() => undefined)
    }
    this.hits += 1
    entry.usedMs = nowMs
    entry.inUse = true
    return entry.caller
  }

  /** @throws IDGEN_UNAUTHENTICATED without saying whether the id exists; IDGEN_STORE_UNAVAILABLE */
  async authenticate(keyText: string | undefined): Promise<Caller> {
    const cached = this.peek(keyText)
    if (cached !== undefined) return cached
    if (keyText === undefined || keyText === '')
      throw new IdgenError(
        'IDGEN_UNAUTHENTICATED',
        'This call needs an API key: send it as "Authorization: Bearer idg_…" or "X-API-Key: idg_…".',
      )
    if (keyText.length > KEY_TEXT_MAX) throw notValid()
    const cacheKey = keyDigest(keyText)
    const nowMs = this.#options.clock.nowMs()
    const wrong = this.#wrong.get(cacheKey)
    if (wrong !== undefined && wrong.untilMs >= nowMs) throw this.#refusal(keyText)
    const look = this.#lookUp(cacheKey, keyText, nowMs)
    const entry = await withinDeadline(this.#options.clock, LOOK_UP_DEADLINE_MS, 'an API key', look)
    if (entry.caller === undefined) throw this.#refusal(keyText)
    return entry.caller
  }

  /** Whom `authenticate` has just let in, for a protocol thread, which remembers them as long as this one would. */
  introduction(keyText: string | undefined, caller: Caller): Introduction {
    if (!this.#options.enabled) return { caller, untilMs: Number.POSITIVE_INFINITY }
    // Not in the cache: revoked while it was looked up, or nothing is to be remembered.
    const entry = keyText === undefined ? undefined : this.#entries.get(keyDigest(keyText))
    if (entry?.caller === undefined) return { caller, untilMs: 0 }
    const untilMs = this.#options.clock.nowMs() + this.#options.cacheTtlMs
    return { caller, untilMs: Math.min(untilMs, entry.expiresAtMs, entry.graceUntilMs) }
  }

  /** `forget` is called with each key that is forgotten from now on, and with undefined for all keys. Ends by the answer. */
  follow(forget: (keyId: string | undefined) => void): () => void {
    this.#rememberers.add(forget)
    return () => void this.#rememberers.delete(forget)
  }

  /** Calls with this key that a protocol thread answered by itself. */
  noteUse(keyId: string): void {
    this.#used.set(keyId, this.#options.clock.nowMs())
  }

  /** When which key was last used, Unix ms, since this was asked the last time. */
  takeUses(): ReadonlyMap<string, number> {
    for (const entry of this.#entries.values()) {
      this.#keepUse(entry)
      entry.usedMs = 0
    }
    const uses = this.#used
    this.#used = new Map()
    return uses
  }

  /** A key changed in the store: what was remembered of it is dropped. */
  forget(keyId: string): void {
    this.forgetSome(new Set([keyId]))
  }

  /** The same of many: all that is remembered is looked through once. */
  forgetSome(keyIds: ReadonlySet<string>): void {
    for (const [cacheKey, entry] of this.#entries) {
      if (!keyIds.has(entry.keyId)) continue
      this.#keepUse(entry)
      this.#entries.delete(cacheKey)
    }
    for (const [cacheKey, entry] of this.#wrong) if (keyIds.has(entry.keyId)) this.#wrong.delete(cacheKey)
    // What is on its way of this key must not be remembered. Others are left: who sends news of keys that do not exist would
    // have every look-up made in vain.
    for (const [cacheKey, flight] of this.#flights)
      if (flight.keyId !== undefined && keyIds.has(flight.keyId)) this.#flights.delete(cacheKey)
    for (const keyId of keyIds) {
      this.#guessed.forget(keyId)
      for (const tell of this.#rememberers) tell(keyId)
    }
  }

  /** Everything that was remembered is asked again. */
  forgetAll(): void {
    for (const entry of this.#entries.values()) this.#keepUse(entry)
    this.#entries.clear()
    this.#wrong.clear()
    this.#guessed.forget(undefined)
    this.#flights.clear()
    for (const tell of this.#rememberers) tell(undefined)
  }

  #lookUp(cacheKey: string, keyText: string, nowMs: number): Promise<Entry> {
    const flying = this.#flights.get(cacheKey)
    if (flying !== undefined) return flying.entry
    if (this.#looking >= LOOKING_MAX) return Promise.reject(tooManyLookUps(this.#looking, 'API keys'))
    this.misses += 1
    this.#looking += 1
    const entry = this.#check(keyText, nowMs)
      .then((found) => {
        // Revoked while it was looked up: what came back may be older than the revocation, so it is not kept.
        if (this.#flights.get(cacheKey)?.entry === entry) this.#remember(cacheKey, found)
        return found
      })
      .finally(() => {
        this.#looking -= 1
        if (this.#flights.get(cacheKey)?.entry === entry) this.#flights.delete(cacheKey)
      })
    this.#flights.set(cacheKey, { keyId: keyIdOf(keyText), entry })
    return entry
  }

  async #check(keyText: string, nowMs: number): Promise<Entry> {
    const digest = sha256(keyText)
    const untilMs = nowMs + this.#options.cacheTtlMs
    const times = { untilMs, graceUntilMs: untilMs + this.#options.graceMs, usedMs: nowMs, inUse: false }
    if (this.#adminHash !== undefined && timingSafeEqual(digest, this.#adminHash))
      return { ...times, keyId: 'admin', caller: ADMIN, expiresAtMs: Number.POSITIVE_INFINITY }
    const shown = readCertificateText(this.#options.certificateMark ?? '', keyText)
    if (shown !== undefined) return { ...times, ...this.#identityOf(shown, nowMs) }
    const id = keyIdOf(keyText)
    const isRight = (found: ApiKey): boolean => validUntilMs(found, digest, nowMs) !== undefined
    const key =
      id === undefined ? undefined : await this.#guessed.find(id, isRight, (work) => this.#turns.run(work))
    const endsMs = key === undefined ? undefined : validUntilMs(key, digest, nowMs)
    if (key === undefined || endsMs === undefined)
      return { ...times, keyId: id ?? '', caller: undefined, expiresAtMs: 0 }
    const caller = { keyId: key.id, scopes: key.scopes, within: key.within }
    return { ...times, keyId: key.id, caller, expiresAtMs: endsMs }
  }

  #identityOf({ names, endMs, fault }: ShownCertificate, nowMs: number): Identified {
    const client = this.#clients.find(({ certificate }) => names.includes(certificate))
    if (client === undefined || fault !== undefined || endMs <= nowMs)
      return { keyId: '', caller: undefined, expiresAtMs: 0 }
    const { name, scopes, within } = client
    const keyId = `client:${name}`
    return { keyId, caller: { keyId, scopes, within }, expiresAtMs: endMs }
  }

  #refusal(keyText: string): IdgenError {
    const shown = readCertificateText(this.#options.certificateMark ?? '', keyText)
    if (shown === undefined) return notValid()
    const { names, fault } = shown
    const why =
      fault ?? `auth.clients lets in none of ${names.join(', ') || 'its names, of which there are none'}`
    return new IdgenError(
      'IDGEN_UNAUTHENTICATED',
      `The client certificate is not accepted (${why}); send an API key, or show another certificate.`,
    )
  }

  #remember(cacheKey: string, entry: Entry): void {
    const { cacheMaxEntries } = this.#options
    const isWrong = entry.caller === undefined
    const kept = isWrong ? this.#wrong : this.#entries
    this.#entries.delete(cacheKey)
    this.#wrong.delete(cacheKey)
    if (cacheMaxEntries === 0) return this.#keepUse(entry)
    const gone = makeRoom(kept, isWrong ? Math.min(cacheMaxEntries, WRONG_KEYS_MAX) : cacheMaxEntries)
    if (gone !== undefined) this.#keepUse(gone)
    kept.set(cacheKey, entry)
  }

  /** `#used` is emptied once a minute, so it holds no more keys than are valid. */
  #keepUse({ keyId, caller, usedMs }: Entry): void {
    if (caller !== undefined && usedMs > (this.#used.get(keyId) ?? 0)) this.#used.set(keyId, usedMs)
  }
}

/** @throws IDGEN_FORBIDDEN. `subject` is `w/g/t`, a prefix of it, or '' for what concerns all workspaces. */
export function authorize(caller: Caller, scope: Scope, subject: string): void {
  if (!caller.scopes.includes(scope))
    throw new IdgenError(
      'IDGEN_FORBIDDEN',
      `The API key ${caller.keyId} has the scopes ${caller.scopes.join(', ')}; this call needs ${scope}.`,
    )
  const { within } = caller
  if (!reaches(caller, subject))
    throw new IdgenError(
      'IDGEN_FORBIDDEN',
      `The API key ${caller.keyId} is limited to ${within}; it may not reach ${subject || 'what belongs to all workspaces'}.`,
    )
}

/** Whether `authorize` would let the caller through. */
export function mayUse(caller: Caller, scope: Scope, subject: string): boolean {
  return caller.scopes.includes(scope) && reaches(caller, subject)
}

function reaches({ within }: Caller, subject: string): boolean {
  return isWithin(subject, within)
}

/**
 * Who makes a key may put into it what they have, and the right to issue, which is what managing is for; so nobody
 * gains the audit log by making a key. Where the key reaches is checked by `authorize` with its `within`.
 * @throws IDGEN_FORBIDDEN
 */
export function authorizeScopes(caller: Caller, scopes: readonly Scope[]): void {
  const beyond = scopes.filter((scope) => scope !== 'issue' && !caller.scopes.includes(scope))
  if (beyond.length === 0) return
  throw new IdgenError(
    'IDGEN_FORBIDDEN',
    `The API key ${caller.keyId} cannot give the scope ${beyond.join(', ')}, which it does not have.`,
  )
}

/** The public part of `idg_<id>_<secret>`, or undefined when the text has another form. */
export function keyIdOf(keyText: string): string | undefined {
  return /^idg_([a-z0-9]{12})_[A-Za-z0-9]{43}$/.exec(keyText)?.[1]
}

/** By what a key is remembered: its SHA-256, 43 characters of base64url. It costs a microsecond. */
export function keyDigest(keyText: string): string {
  return hash('sha256', keyText, 'base64url')
}

export function sha256(text: string): Buffer {
  return hash('sha256', text, 'buffer')
}

/** While the store is away each key asks it once a second, not once a request. */
const REFRESH_EVERY_MS = 1000
/** Keys looked up or waiting for their turn: all clients come back at once after a start. As many as tags, and as a thread lets ask. */
const LOOKING_MAX = 1000

/** As many wrong keys as 160 addresses send in a minute (limits.wrongKeys); 2 MB. */
const WRONG_KEYS_MAX = 10_000

/** Longer than any key of ours, and than the text of a certificate; keeps a caller from making us hash megabytes. */
export const KEY_TEXT_MAX = 1024

const ADMIN: Caller = { keyId: 'admin', scopes: SCOPES, within: '' }
const EVERYBODY: Caller = { keyId: 'anonymous', scopes: SCOPES, within: '' }

function hashOf(adminKey: string | undefined): Buffer | undefined {
  return adminKey === undefined || adminKey === '' ? undefined : sha256(adminKey)
}

function notValid(): IdgenError {
  return new IdgenError('IDGEN_UNAUTHENTICATED', 'The API key is not valid, has expired or was revoked.')
}
