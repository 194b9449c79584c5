import { createHash } from 'node:crypto'
import type { ServiceClient } from './service-client.ts'
import { HttpsServiceClient, type ServiceAccess } from './service-client-https.ts'

export interface ClosableClient extends ServiceClient {
  close(): void
}

/** One client per IdGenerator, with connections that are kept; a new one when certificate authority or keys change. */
export class ServiceClientPool {
  readonly #open: (access: ServiceAccess) => ClosableClient
  /** By IdGenerator; the one used last stands last. */
  readonly #clients = new Map<string, { readonly fingerprint: string; readonly client: ClosableClient }>()

  constructor(open: (access: ServiceAccess) => ClosableClient = (access) => new HttpsServiceClient(access)) {
    this.#open = open
  }

  for(generatorKey: string, access: ServiceAccess): ServiceClient {
    const fingerprint = fingerprintOf(access)
    const known = this.#clients.get(generatorKey)
    this.#clients.delete(generatorKey)
    if (known?.fingerprint === fingerprint) {
      this.#clients.set(generatorKey, known)
      return known.client
    }
    known?.client.close()
    const client = this.#open(access)
    this.#clients.set(generatorKey, { fingerprint, client })
    const [oldest] = this.#clients
    if (this.#clients.size > CLIENTS_MAX && oldest !== undefined) this.forget(oldest[0])
    return client
  }

  forget(generatorKey: string): void {
    this.#clients.get(generatorKey)?.client.close()
    this.#clients.delete(generatorKey)
  }

  close(): void {
    for (const { client } of this.#clients.values()) client.close()
    this.#clients.clear()
  }
}

function fingerprintOf({ address, servername, ca = '', key, otherKeys = [] }: ServiceAccess): string {
  return createHash('sha256')
    .update(JSON.stringify([address, servername, ca, key, ...otherKeys]))
    .digest('base64')
}

/** Far more IdGenerators than a cluster has; each holds a few connections at most. */
const CLIENTS_MAX = 200
