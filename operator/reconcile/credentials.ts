import type { IdGenerator } from '../api/kinds.ts'
import { trustedAuthorities } from '../certificates/trusted-authorities.ts'
import { servedName } from '../render/names.ts'
import type { Clock } from '../runtime/clock.ts'
import { isStatus, type KubeClient } from '../runtime/kube-client.ts'
import { type KubeObject, objectKey, objectPath, type Resource } from '../runtime/resource.ts'
import type { AdminKeyPlace } from './admin-keys-in-use.ts'
import { servedBy } from './certificates-in-use.ts'
import type { ServiceAccess } from './service-client-https.ts'

export const SECRET: Resource = {
  group: '',
  version: 'v1',
  kind: 'Secret',
  plural: 'secrets',
  namespaced: true,
}

/** Values are base64. */
export interface Secret extends KubeObject {
  readonly data?: Readonly<Record<string, string>>
  readonly type?: string
}

/** Something is missing that the operator or a person must make first. */
export class AccessMissing extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'AccessMissing'
  }
}

export interface ServiceCredentialsOptions {
  readonly client: KubeClient
  readonly clock: Clock
  /** Of the operator's own Secrets, which it hears of at once. */
  readonly cached: (key: string) => Secret | undefined
  /** Where the admin keys lie that pods of the service know, the newest first. */
  readonly adminKeys: (generator: IdGenerator) => readonly AdminKeyPlace[]
  /** Names of the Secrets whose certificates the service may answer with, the newest first. */
  readonly tlsSecrets: (generator: IdGenerator) => readonly string[]
  /** Instead of the address of the Service. */
  readonly serviceAddress: string | undefined
}

/** How to reach the service of an IdGenerator: from its Secrets, which may be the operator's or a person's. */
export class ServiceCredentials {
  readonly #options: ServiceCredentialsOptions
  readonly #read = new Map<string, { readonly secret: Promise<Secret | undefined>; readonly atMs: number }>()

  constructor(options: ServiceCredentialsOptions) {
    this.#options = options
  }

  /** @throws AccessMissing */
  async access(generator: IdGenerator): Promise<ServiceAccess> {
    const { namespace = '' } = generator.metadata
    const servername = servedName(generator)
    const read = (each: string): Promise<Secret | undefined> =>
      this.#secret(objectKey({ namespace, name: each }))
    const places = this.#options.adminKeys(generator)
    const names = this.#options.tlsSecrets(generator)
    const [keys, certificates] = await Promise.all([
      Promise.all(places.map(async (place) => decoded(await read(place.name), place.key)?.trim() ?? '')),
      Promise.all(names.map(read)),
    ])
    // Of two, one that is missing may be the next pods', which cannot be there yet, or one that pods have read long ago.
    const [key, ...otherKeys] = new Set(keys.filter((text) => text !== ''))
    if (key === undefined)
      throw new AccessMissing(
        `Secret ${namespace}/${places[0]?.name} has no admin key under "${places[0]?.key}" yet`,
      )
    if (certificates.every((secret) => secret === undefined))
      throw new AccessMissing(`Secret ${namespace}/${names[0]} with the certificate is not there yet`)
    const address = this.#options.serviceAddress ?? `https://${servername}:${HTTPS_PORT}`
    return {
      address,
      servername,
      ca: trustedAuthorities(certificates.flatMap((one) => servedBy(one?.data))),
      key,
      otherKeys,
    }
  }

  /** After a refusal: what is remembered may be out of date. */
  forget(generator: IdGenerator): void {
    for (const key of this.secretsOf(generator)) this.#read.delete(key)
  }

  /** Keys of the Secrets that access to the service depends on. */
  secretsOf(generator: IdGenerator): readonly string[] {
    const { namespace = '' } = generator.metadata
    const names = this.#options.adminKeys(generator).map(({ name }) => name)
    return [...new Set([...names, ...this.#options.tlsSecrets(generator)])].map((name) =>
      objectKey({ namespace, name }),
    )
  }

  async #secret(key: string): Promise<Secret | undefined> {
    const own = this.#options.cached(key)
    if (own !== undefined) return own
    const nowMs = this.#options.clock.monotonicMs()
    const known = this.#read.get(key)
    if (known !== undefined && nowMs - known.atMs < FRESH_MS) return await known.secret
    for (const [old, { atMs }] of this.#read) if (nowMs - atMs >= FRESH_MS) this.#read.delete(old)
    const secret = this.#get(key)
    this.#read.set(key, { secret, atMs: nowMs })
    // A failure to read is no answer: the next one asks again.
    secret.catch(() => this.#read.delete(key))
    return await secret
  }

  async #get(key: string): Promise<Secret | undefined> {
    try {
      return await this.#options.client.send<Secret>({ method: 'GET', path: objectPath(SECRET, key) })
    } catch (thrown) {
      if (isStatus(thrown, 404)) return undefined
      throw thrown
    }
  }
}

export function decoded(secret: Secret | undefined, name: string): string | undefined {
  const value = secret?.data?.[name]
  return value === undefined ? undefined : Buffer.from(value, 'base64').toString()
}

/** Of every pod; the Service has the same. */
const HTTPS_PORT = 8443
/** A person's Secret is no object of ours that we hear of: a change of it is seen after so long. */
const FRESH_MS = 30_000
