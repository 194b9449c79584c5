import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { getCACertificates } from 'node:tls'
import { bufferFromFileOrString, KubeConfig, type RequestContext } from '@kubernetes/client-node'
import type { Clock } from './clock.ts'

/** Keeps connections open between calls and is safe to share; undici's, which the package does not name. */
type Dispatcher = NonNullable<ReturnType<RequestContext['getDispatcher']>>

/**
 * The package's configuration (kubeconfig file, service account, exec and OIDC logins) without two of its habits:
 * a dispatcher per call, which is a new TLS connection per call, and a token file read at most once a minute, which
 * after a rotation is a minute of 401. Also good for the package's typed clients: `makeApiClient`.
 */
export class CachedKubeConfig extends KubeConfig {
  readonly #clock: Clock
  /** By a hash of all that makes a connection; the one used last stands last. */
  readonly #dispatchers = new Map<string, Dispatcher>()
  #token: { readonly text: string; readonly readAtMs: number } | undefined

  constructor(clock: Clock) {
    super()
    this.#clock = clock
  }

  override async applySecurityAuthentication(context: RequestContext): Promise<void> {
    this.#nameRootCertificates()
    // This makes a dispatcher, too. It connects only when it is used, so leaving it costs no connection.
    await super.applySecurityAuthentication(context)
    const fresh = context.getDispatcher()
    if (fresh !== undefined) context.setDispatcher(this.#kept(fresh))
    const token = this.#fileToken()
    if (token !== undefined) context.setHeaderParam('Authorization', `Bearer ${token}`)
  }

  /** After a 401: what is remembered of the token may be out of date. True: it was read from a file and can be read again. */
  forgetToken(): boolean {
    this.#token = undefined
    return this.#tokenFile() !== undefined
  }

  async close(): Promise<void> {
    const all = [...this.#dispatchers.values()]
    this.#dispatchers.clear()
    await Promise.all(all.map(async (dispatcher) => await dispatcher.destroy()))
  }

  #kept(fresh: Dispatcher): Dispatcher {
    const key = this.#connectionKey()
    const dispatcher = this.#dispatchers.get(key) ?? fresh
    this.#dispatchers.delete(key)
    this.#dispatchers.set(key, dispatcher)
    const [oldest] = this.#dispatchers
    if (this.#dispatchers.size > DISPATCHERS_MAX && oldest !== undefined) {
      this.#dispatchers.delete(oldest[0])
      // Waits for the calls that are under way, watches too: those end after minutes by themselves.
      oldest[1].close().catch(() => {})
    }
    return dispatcher
  }

  #connectionKey(): string {
    const cluster = this.getCurrentCluster()
    const user = this.getCurrentUser()
    const hash = createHash('sha256')
    const parts: readonly (Buffer | string | null | undefined)[] = [
      cluster?.server,
      cluster?.proxyUrl,
      cluster?.tlsServerName,
      String(cluster?.skipTLSVerify ?? false),
      bufferFromFileOrString(cluster?.caFile, cluster?.caData),
      bufferFromFileOrString(user?.certFile, user?.certData),
      bufferFromFileOrString(user?.keyFile, user?.keyData),
    ]
    for (const part of parts) {
      // With its length, so that two parts cannot look like two others.
      const bytes = Buffer.from(part ?? '')
      hash.update(`${bytes.length}:`).update(bytes)
    }
    return hash.digest('base64')
  }

  /** Without a CA the package gives no dispatcher at all, and nothing could be kept: name those that Node trusts anyway. */
  #nameRootCertificates(): void {
    const cluster = this.getCurrentCluster()
    if (cluster === null || !cluster.server.startsWith('https:') || cluster.skipTLSVerify) return
    if (cluster.caFile !== undefined || cluster.caData !== undefined) return
    const caData = Buffer.from(getCACertificates('default').join('\n')).toString('base64')
    this.clusters = this.clusters.map((each) => (each === cluster ? { ...cluster, caData } : each))
  }

  #fileToken(): string | undefined {
    const file = this.#tokenFile()
    if (file === undefined) return undefined
    const nowMs = this.#clock.monotonicMs()
    if (this.#token === undefined || nowMs - this.#token.readAtMs >= TOKEN_FRESH_MS)
      this.#token = { text: readFileSync(file, 'utf8').trim(), readAtMs: nowMs }
    return this.#token.text
  }

  #tokenFile(): string | undefined {
    const provider: unknown = this.getCurrentUser()?.authProvider
    const { config } = (provider ?? {}) as { config?: { tokenFile?: string } }
    return config?.tokenFile
  }
}

/** A rotation of certificates leaves one old connection behind; more than a few would be a leak. */
const DISPATCHERS_MAX = 4
/** The kubelet replaces the file long before the old token ends; a 401 has it read at once. */
const TOKEN_FRESH_MS = 10_000
