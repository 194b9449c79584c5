import { type Direction, TcpProxy } from '../fixtures/tcp-proxy.ts'
import type { ProxyPipeMode } from '../fixtures/tcp-proxy-pipe.ts'

export const STORES = ['postgres', 'etcd', 'redis'] as const
export type Store = (typeof STORES)[number]

/** Where the stores really are; an installation may lack etcd or Redis. */
export interface StoreUrls {
  readonly postgres: string
  readonly etcd: readonly string[]
  readonly redis: string | undefined
}

/** The network between one service and every store, to be cut without touching what the other services have. */
export class ServiceNetwork {
  readonly #urls: StoreUrls
  readonly #proxies: Readonly<Record<Store, readonly TcpProxy[]>>

  private constructor(urls: StoreUrls, proxies: Readonly<Record<Store, readonly TcpProxy[]>>) {
    this.#urls = urls
    this.#proxies = proxies
  }

  static async start(urls: StoreUrls): Promise<ServiceNetwork> {
    const { postgres, etcd, redis } = urls
    return new ServiceNetwork(urls, {
      postgres: [await proxyTo(postgres)],
      etcd: await Promise.all(etcd.map(proxyTo)),
      redis: redis === undefined ? [] : [await proxyTo(redis)],
    })
  }

  /** What the service is configured with. */
  environment(): Record<string, string> {
    const [postgres] = this.#proxies.postgres
    const [redis] = this.#proxies.redis
    const { etcd } = this.#urls
    const throughEach = this.#proxies.etcd.map((proxy, i) => withoutSlash(proxy.through(etcd[i] ?? '')))
    return {
      IDGEN_DATABASE_URL: postgres?.through(this.#urls.postgres) ?? '',
      ...(etcd.length === 0 ? {} : { IDGEN_ETCD_ENDPOINTS: throughEach.join(',') }),
      ...(redis === undefined || this.#urls.redis === undefined
        ? {}
        : { IDGEN_REDIS_ENDPOINTS: withoutSlash(redis.through(this.#urls.redis)) }),
    }
  }

  /** `pass` heals; without a direction both are meant. */
  set(store: Store, mode: ProxyPipeMode, direction?: Direction): void {
    for (const proxy of this.#proxies[store]) proxy.set(mode, direction)
  }

  async close(): Promise<void> {
    await Promise.all(STORES.flatMap((store) => this.#proxies[store].map((proxy) => proxy.close())))
  }
}

async function proxyTo(url: string): Promise<TcpProxy> {
  const { hostname, port } = new URL(url)
  return await TcpProxy.start({ host: hostname, port: Number(port) })
}

function withoutSlash(url: string): string {
  return url.replace(/\/$/, '')
}
