import { existsSync, readFileSync } from 'node:fs'
import { delimiter, dirname, isAbsolute, join } from 'node:path'
import { parse } from 'yaml'
import type { Clock } from './clock.ts'
import {
  AgentCache,
  type Credentials,
  FreshFiles,
  type KubeConnection,
  type TlsSettings,
} from './kube-connection.ts'

/** One cluster and one user, as a kubeconfig file has them; also what a pod is given. */
interface Access {
  readonly server: string
  readonly ca?: Source | undefined
  readonly cert?: Source | undefined
  readonly key?: Source | undefined
  readonly token?: Source | undefined
  readonly serverName?: string | undefined
  readonly insecure: boolean
}

/** The text itself, or where it stands now. */
type Source = { readonly text: string } | { readonly file: string }

/**
 * KUBECONFIG, then ~/.kube/config, then the service account of the pod. Certificates and tokens are read here; every
 * other login (exec plugins, OIDC, several files, proxies) is left to @kubernetes/client-node, which is loaded only
 * then: its generated code takes 90 MB of memory, more than all of the operator.
 */
export async function loadConnection(
  env: Environment,
  clock: Clock,
  /** undefined: the current one. */
  context?: string,
): Promise<KubeConnection> {
  const file = kubeconfigFile(env)
  if (file !== undefined) {
    const access = file.includes(delimiter) ? undefined : readKubeconfig(file, context)
    if (access !== undefined) return new FileConnection(access, clock)
    const { loginConfig, loginConnection } = await import('./kube-login.ts')
    return loginConnection(loginConfig(context))
  }
  const host = env['KUBERNETES_SERVICE_HOST']
  if (host === undefined || !existsSync(join(ACCOUNT, 'token')))
    throw new Error('no way to a cluster: set KUBECONFIG, or run in a pod with a service account token')
  const name = host.includes(':') ? `[${host}]` : host
  return new FileConnection(
    {
      server: `https://${name}:${env['KUBERNETES_SERVICE_PORT'] ?? '443'}`,
      ca: { file: join(ACCOUNT, 'ca.crt') },
      token: { file: join(ACCOUNT, 'token') },
      insecure: false,
    },
    clock,
  )
}

/** The namespace that the context, or the pod, is in; undefined: none is said. */
export async function loadNamespace(env: Environment, context?: string): Promise<string | undefined> {
  const file = kubeconfigFile(env)
  if (file === undefined)
    return existsSync(join(ACCOUNT, 'namespace'))
      ? readFileSync(join(ACCOUNT, 'namespace'), 'utf8')
      : undefined
  if (!file.includes(delimiter)) return chosenContext(file, parseKubeconfig(file), context)?.namespace
  const { loginConfig } = await import('./kube-login.ts')
  const config = loginConfig(context)
  return config.getContextObject(config.getCurrentContext())?.namespace
}

type Environment = Readonly<Record<string, string | undefined>>

/** One file, or several with the separator of paths in between. */
function kubeconfigFile(env: Environment): string | undefined {
  const home = env['HOME'] === undefined ? undefined : join(env['HOME'], '.kube/config')
  return env['KUBECONFIG'] || (home !== undefined && existsSync(home) ? home : undefined)
}

/** Certificates and tokens from text and files; files are read anew as they change. */
export class FileConnection implements KubeConnection {
  readonly server: string
  readonly #access: Access
  readonly #files: FreshFiles
  readonly #agents = new AgentCache()

  constructor(access: Access, clock: Clock) {
    this.server = access.server.replace(/\/$/, '')
    this.#access = access
    this.#files = new FreshFiles(clock)
  }

  async credentials(): Promise<Credentials> {
    const { ca, cert, key, token, serverName, insecure } = this.#access
    const tls: TlsSettings = {
      ca: this.#text(ca),
      cert: this.#text(cert),
      key: this.#text(key),
      servername: serverName,
      rejectUnauthorized: insecure ? false : undefined,
    }
    const bearer = this.#text(token)?.trim()
    return {
      agent: this.#agents.for(this.server, tls),
      headers: bearer === undefined ? {} : { authorization: `Bearer ${bearer}` },
    }
  }

  forget(): boolean {
    this.#files.forget()
    const { token } = this.#access
    return token !== undefined && 'file' in token
  }

  close(): void {
    this.#agents.close()
  }

  #text(source: Source | undefined): string | undefined {
    if (source === undefined) return undefined
    return 'text' in source ? source.text : this.#files.read(source.file)
  }
}

interface KubeconfigContext {
  readonly cluster: string
  readonly user: string
  readonly namespace?: string
}

interface KubeconfigFile {
  readonly 'current-context'?: string
  readonly contexts?: readonly {
    readonly name: string
    readonly context: KubeconfigContext
  }[]
  readonly clusters?: readonly {
    readonly name: string
    readonly cluster: Readonly<Record<string, unknown>>
  }[]
  readonly users?: readonly {
    readonly name: string
    readonly user: Readonly<Record<string, unknown>> | null
  }[]
}

/** undefined: it logs in by a way that is not read here. Throws when it makes no sense. */
export function readKubeconfig(file: string, contextName?: string): Access | undefined {
  const config = parseKubeconfig(file)
  const context = chosenContext(file, config, contextName)
  const cluster = config?.clusters?.find(({ name }) => name === context?.cluster)?.cluster
  if (cluster === undefined) throw new Error(`${file}: current-context names no cluster of the file`)
  const user = config?.users?.find(({ name }) => name === context?.user)?.user ?? {}
  if ([...Object.keys(cluster), ...Object.keys(user)].some((field) => !KNOWN.has(field))) return undefined
  const source = (fields: Readonly<Record<string, unknown>>, name: string): Source | undefined => {
    const data = fields[`${name}-data`]
    if (typeof data === 'string') return { text: Buffer.from(data, 'base64').toString() }
    return fileSource(file, fields[name])
  }
  return {
    server: String(cluster['server']),
    ca: source(cluster, 'certificate-authority'),
    cert: source(user, 'client-certificate'),
    key: source(user, 'client-key'),
    // As kubectl: the file, where both are given.
    token: fileSource(file, user['tokenFile']) ?? textSource(user['token']),
    serverName: typeof cluster['tls-server-name'] === 'string' ? cluster['tls-server-name'] : undefined,
    insecure: cluster['insecure-skip-tls-verify'] === true,
  }
}

function parseKubeconfig(file: string): KubeconfigFile | null {
  return parse(readFileSync(file, 'utf8')) as KubeconfigFile | null
}

function chosenContext(
  file: string,
  config: KubeconfigFile | null,
  wanted: string | undefined,
): KubeconfigContext | undefined {
  const contexts = config?.contexts ?? []
  const found = contexts.find(({ name }) => name === (wanted ?? config?.['current-context']))
  if (found === undefined && wanted !== undefined)
    throw new Error(
      `${file} has no context "${wanted}"; it has ${contexts.map(({ name }) => name).join(', ') || 'none'}`,
    )
  return found?.context
}

function fileSource(kubeconfig: string, path: unknown): Source | undefined {
  if (typeof path !== 'string') return undefined
  return { file: isAbsolute(path) ? path : join(dirname(kubeconfig), path) }
}

function textSource(text: unknown): Source | undefined {
  return typeof text === 'string' ? { text } : undefined
}

/** A field that is not among these changes how to log in. */
const KNOWN = new Set([
  'server',
  'certificate-authority',
  'certificate-authority-data',
  'insecure-skip-tls-verify',
  'tls-server-name',
  'client-certificate',
  'client-certificate-data',
  'client-key',
  'client-key-data',
  'token',
  'tokenFile',
  'extensions',
])
const ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount'
