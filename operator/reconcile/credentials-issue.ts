import type { BizTag, IdGenerator } from '../api/kinds.ts'
import { ANNOTATIONS } from '../api/marks.ts'
import { type Fact, no, yes } from '../core/biz-tag-conditions.ts'
import { pathOf, pathText } from '../core/biz-tag-declaration.ts'
import type { BizTagEvent } from '../core/biz-tag-events.ts'
import { judgeFailure } from '../core/biz-tag-failure.ts'
import type { CredentialsState } from '../core/biz-tag-status.ts'
import { isStatus, type KubeClient } from '../runtime/kube-client.ts'
import { objectKey } from '../runtime/resource.ts'
import type { TagMemory } from './biz-tag-memory.ts'
import { decoded, type Secret } from './credentials.ts'
import { idOfKey, KEYS_MAX, keyId, keyNumber, newKeyText, sha256Hex } from './credentials-key.ts'
import { fixedEntries, isOwnSecret, TagSecrets } from './credentials-secret.ts'
import { isCode, type ServiceClient, ServiceError } from './service-client.ts'

export interface IssueOptions {
  readonly client: KubeClient
  /** The tag Secrets that are known, without their data. */
  readonly cached: (key: string) => Secret | undefined
}

/** Where a tag's key is to come from and to go. */
export interface IssueRequest {
  readonly tag: BizTag
  readonly generator: IdGenerator
  readonly ca: string | undefined
  readonly service: ServiceClient
  readonly memory: TagMemory
  readonly signal: AbortSignal
}

export interface IssueResult {
  /** undefined: no Secret is wanted. */
  readonly state: CredentialsState | undefined
  readonly events: readonly BizTagEvent[]
  readonly againMs?: number
}

/**
 * Fills the Secret that a BizTag wants. The key is written into it first and made valid afterwards, so that a key that
 * is valid is always one that somebody can read; at every point it may be begun anew.
 */
export class CredentialsIssuer {
  readonly #options: IssueOptions
  readonly #secrets: TagSecrets

  constructor(options: IssueOptions) {
    this.#options = options
    this.#secrets = new TagSecrets(options.client)
  }

  async ensure(request: IssueRequest): Promise<IssueResult> {
    const { tag, signal } = request
    const name = tag.spec.credentialsSecret?.name
    const before = tag.status?.credentials
    if (name === undefined && before === undefined) return { state: undefined, events: [] }
    try {
      if (name === undefined)
        return {
          state: undefined,
          events: await this.withdraw(request, 'spec.credentialsSecret was taken out'),
        }
      const result = await this.#issue(request, name)
      // Only now: until the new Secret is there, applications have the old one, and its key must not be forgotten.
      const moved = before?.secretName !== undefined && before.secretName !== name
      if (moved && result.state?.credentials?.secretName === name)
        await this.#secrets.remove(tag, before.secretName, signal)
      return result
    } catch (thrown) {
      return failed(request, thrown)
    }
  }

  /** The key ends before the Secret goes: what nobody can read must not open anything. */
  async revoke(tag: BizTag, service: ServiceClient, signal: AbortSignal): Promise<void> {
    const { uid, namespace = '' } = tag.metadata
    const { secretName = tag.spec.credentialsSecret?.name, keyId: told } = tag.status?.credentials ?? {}
    if (told === undefined && secretName === undefined) return
    // Where no status came to be written after a key that was, the first id is what it would say.
    const known = told ?? keyId(uid, 0)
    await service.revokeKey(known, signal)
    const secret =
      secretName === undefined ? undefined : await this.#secrets.read(namespace, secretName, signal)
    if (secret === undefined || !isOwnSecret(secret, tag)) return
    // A later key that was made valid just before the operator died. Anything else in there is not ours to revoke.
    const written = idOfKey(decoded(secret, 'key'))
    if (written !== undefined && written !== known && keyNumber(uid, written) !== undefined)
      await service.revokeKey(written, signal)
  }

  /** The key ends, and its Secret goes. `because` completes the event. */
  async withdraw(
    { tag, service, memory, signal }: Pick<IssueRequest, 'tag' | 'service' | 'memory' | 'signal'>,
    because: string,
  ): Promise<readonly BizTagEvent[]> {
    const { secretName = tag.spec.credentialsSecret?.name, keyId: id } = tag.status?.credentials ?? {}
    await this.revoke(tag, service, signal)
    if (secretName !== undefined) await this.#secrets.remove(tag, secretName, signal)
    memory.secret = undefined
    // Of a key that was never told of there is nothing to tell.
    if (id === undefined) return []
    const note = `The key ${id} was revoked and Secret ${secretName} deleted, because ${because}.`
    return [{ type: 'Normal', reason: 'CredentialsRevoked', note }]
  }

  async #issue(request: IssueRequest, name: string): Promise<IssueResult> {
    const { tag, generator, ca, memory, signal } = request
    const { namespace = '', uid } = tag.metadata
    const path = pathText(pathOf(tag))
    const entries = fixedEntries(generator, ca, path)
    const rotation = tag.metadata.annotations?.[ANNOTATIONS.rotateKey]
    // A service that is older than `declaredBy` took the key without it: once a newer one is stable it is put again.
    const { stableRevision } = generator.status ?? {}
    const digest = sha256Hex(JSON.stringify([name, entries, rotation, stableRevision]))
    const known = memory.secret
    const cached = this.#options.cached(objectKey({ namespace, name }))
    const id = tag.status?.credentials?.keyId
    if (
      known?.digest === digest &&
      id !== undefined &&
      cached?.metadata.resourceVersion === known.resourceVersion
    )
      return { state: issued(name, id), events: [] }

    const secret = await this.#secrets.read(namespace, name, signal)
    if (secret !== undefined && !isOwnSecret(secret, tag)) return foreign(tag, name)
    const present = decoded(secret, 'key')
    const rotated = secret?.metadata.annotations?.[ANNOTATIONS.rotateKey] !== rotation
    const first = keyNumber(uid, idOfKey(present)) ?? keyNumber(uid, id) ?? 0
    let current = secret
    for (let n = first; n < KEYS_MAX; n += 1) {
      const keep = n === first && !rotated && idOfKey(present) === keyId(uid, n)
      const key = keep && present !== undefined ? present : newKeyText(keyId(uid, n))
      memory.secret = undefined
      current = await this.#write(request, name, current, { ...entries, key })
      if (!(await takes(request, keyId(uid, n), key))) continue
      memory.secret = { resourceVersion: current.metadata.resourceVersion, digest }
      return { state: issued(name, keyId(uid, n)), events: keep ? [] : [told(name, path, present)] }
    }
    return {
      state: {
        fact: no('KeysUsedUp', `The keys of this BizTag were revoked ${KEYS_MAX} times: make it anew.`),
        credentials: undefined,
      },
      events: [],
    }
  }

  /** Writes only what differs. `secret` is as it was read. */
  async #write(
    { tag, signal }: IssueRequest,
    name: string,
    secret: Secret | undefined,
    entries: Readonly<Record<string, string | undefined>>,
  ): Promise<Secret> {
    const rotation = tag.metadata.annotations?.[ANNOTATIONS.rotateKey]
    if (secret === undefined) return await this.#secrets.create(tag, name, entries, rotation, signal)
    const same = Object.entries(entries).every(([entry, value]) => decoded(secret, entry) === value)
    if (same && secret.metadata.annotations?.[ANNOTATIONS.rotateKey] === rotation) return secret
    return await this.#secrets.update(secret, entries, rotation, signal)
  }
}

/** False: that id was used up. */
async function takes({ tag, service, signal }: IssueRequest, id: string, key: string): Promise<boolean> {
  const path = pathText(pathOf(tag))
  const { namespace, name, uid } = tag.metadata
  try {
    await service.putKey(
      id,
      {
        name: `BizTag ${namespace}/${name}`.slice(0, 200),
        within: path,
        sha256: sha256Hex(key),
        declaredBy: uid,
      },
      signal,
    )
    return true
  } catch (thrown) {
    if (isCode(thrown, 'IDGEN_KEY_REVOKED')) return false
    throw thrown
  }
}

function issued(secretName: string, id: string): CredentialsState {
  return {
    fact: yes('Issued', `Secret ${secretName} has endpoints, certificate authority and key ${id}.`),
    credentials: { secretName, keyId: id },
  }
}

function told(name: string, path: string, before: string | undefined): BizTagEvent {
  const rotated = before !== undefined
  return {
    type: 'Normal',
    reason: rotated ? 'CredentialsRotated' : 'CredentialsIssued',
    note: rotated
      ? `Secret ${name} has a new key for ${path}; the one before no longer works. Pods that read it at their start must be restarted.`
      : `Secret ${name} has a key that gives IDs of ${path} and nothing else.`,
  }
}

function foreign({ status }: BizTag, name: string): IssueResult {
  const fact = no(
    'SecretNotOurs',
    `There is a Secret ${name} that the operator did not make; it is never overwritten. Delete it, or name another one in spec.credentialsSecret.`,
  )
  return { state: { fact, credentials: status?.credentials }, events: [], againMs: LOOK_AGAIN_MS }
}

/** The tag itself is well: its Secret is told of on its own. */
function failed({ tag, generator }: IssueRequest, thrown: unknown): IssueResult {
  const known = tag.status?.credentials
  const state = (fact: Fact): CredentialsState => ({ fact, credentials: known })
  if (thrown instanceof ServiceError) {
    const verdict = judgeFailure(thrown, objectKey(generator.metadata), pathText(pathOf(tag)))
    return {
      state: state(no(verdict.reason, verdict.message)),
      events: [],
      againMs: verdict.againMs ?? UNREACHABLE_MS,
    }
  }
  // Refused by a quota, a policy, a role: somebody must see why.
  if (isStatus(thrown, 400, 403, 422)) {
    const message = `The Secret could not be written: ${thrown.message}. It is tried again every minute.`
    return { state: state(no('SecretRefused', message)), events: [], againMs: LOOK_AGAIN_MS }
  }
  throw thrown
}

const LOOK_AGAIN_MS = 60_000
const UNREACHABLE_MS = 10_000
