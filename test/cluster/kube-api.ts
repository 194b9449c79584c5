import { generateKeyPairSync, randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SystemClock } from '../../operator/runtime/clock.ts'
import { HttpKubeClient } from '../../operator/runtime/http-kube-client.ts'
import { FileConnection } from '../../operator/runtime/kubeconfig.ts'
import { freePort } from '../fixtures/free-ports.ts'
import { removeFolder } from '../fixtures/temporary-folder.ts'
import { type EtcdCluster, testEtcd } from '../integration/etcd-server.ts'
import { ChildServer, type ChildServerOptions, FOLDER_PREFIX, removeLeftovers } from './child-server.ts'
import { kubeProgram } from './kube-programs.ts'

/** Both are the same administrator: after a rotation the first is no longer used. */
export const TOKENS = { first: 'first-admin-token', second: 'second-admin-token' } as const

/** A real kube-apiserver with an etcd of its own, on a free port of loopback and in a temporary folder. Close it. */
export class KubeApi {
  readonly url: string
  readonly folder: string
  readonly #etcd: EtcdCluster
  readonly #command: ChildServerOptions
  #server: ChildServer
  #manager: ChildServer | undefined

  private constructor(url: string, etcd: EtcdCluster, command: ChildServerOptions) {
    this.url = url
    this.folder = command.folder
    this.#etcd = etcd
    this.#command = command
    this.#server = new ChildServer(command)
  }

  static async start(): Promise<KubeApi> {
    const program = kubeProgram('kube-apiserver')
    if (program === undefined)
      throw new Error('kube-apiserver is missing: scripts/install-kubernetes.sh makes it')
    await removeLeftovers()
    const folder = await mkdtemp(join(tmpdir(), `${FOLDER_PREFIX}${process.pid}-`))
    const etcd = await testEtcd()
    const port = await freePort()
    await writeKeys(folder)
    const args = flags({
      'etcd-servers': etcd.endpoints.join(','),
      'bind-address': '127.0.0.1',
      'secure-port': String(port),
      'cert-dir': folder,
      'service-cluster-ip-range': '10.0.0.0/24',
      'authorization-mode': 'RBAC',
      'token-auth-file': join(folder, 'tokens.csv'),
      'service-account-issuer': 'https://kubernetes.default.svc',
      'service-account-key-file': join(folder, 'accounts.pem'),
      'service-account-signing-key-file': join(folder, 'accounts.pem'),
      // Pods and accounts of a test have no controller that would make their tokens.
      'disable-admission-plugins': 'ServiceAccount',
    })
    const command = { program, args, folder, name: 'kube-apiserver' }
    const api = new KubeApi(`https://127.0.0.1:${port}`, etcd, command)
    try {
      await api.#ready()
    } catch (thrown) {
      await api.close()
      throw thrown
    }
    return api
  }

  /** The certificate of the server, which is its own authority, with the key: a proxy can stand in for the server. */
  get certificate(): { readonly cert: string; readonly key: string } {
    const read = (name: string): string => readFileSync(join(this.folder, name), 'utf8')
    return { cert: read('apiserver.crt'), key: read('apiserver.key') }
  }

  /** To this server, or to a proxy in front of it; of the administrator, or of whose token it is. */
  client(server: string = this.url, token: string = TOKENS.first): HttpKubeClient {
    const access = {
      server,
      ca: { text: this.certificate.cert },
      token: { text: token },
      insecure: false,
    }
    return new HttpKubeClient(new FileConnection(access, new SystemClock()), 'idgen-test')
  }

  /** A kubeconfig file, which is JSON as well as YAML. */
  async kubeconfig(server: string = this.url, user: object = { token: TOKENS.first }): Promise<string> {
    const file = join(this.folder, `kubeconfig-${randomUUID()}`)
    const authority = Buffer.from(this.certificate.cert).toString('base64')
    const config = {
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': 'test',
      contexts: [{ name: 'test', context: { cluster: 'test', user: 'admin' } }],
      clusters: [{ name: 'test', cluster: { server, 'certificate-authority-data': authority } }],
      users: [{ name: 'admin', user }],
    }
    await writeFile(file, JSON.stringify(config))
    return file
  }

  /** SIGKILL and a new start: what it remembered of the past is gone, and older watches cannot be resumed. */
  async restart(): Promise<void> {
    await this.#server.end('SIGKILL')
    this.#server = new ChildServer(this.#command)
    await this.#ready()
  }

  /** Also runs the controllers: garbage collection, ReplicaSets, Deployments, … */
  async startControllers(): Promise<void> {
    const program = kubeProgram('kube-controller-manager')
    if (program === undefined) throw new Error('kube-controller-manager is missing')
    const args = flags({
      kubeconfig: await this.kubeconfig(),
      'secure-port': '0',
      'leader-elect': 'false',
      'service-account-private-key-file': join(this.folder, 'accounts.pem'),
      // Nodes of a test send no heartbeats, and are not to be given up.
      controllers: '*,-node-lifecycle-controller',
    })
    this.#manager = new ChildServer({ program, args, folder: this.folder, name: 'kube-controller-manager' })
  }

  async close(): Promise<void> {
    // At once: it would otherwise wait for open watches, and nothing of it is needed any more.
    await this.#manager?.end('SIGKILL')
    await this.#server.end('SIGKILL')
    await this.#etcd.close()
    await removeFolder(this.folder)
  }

  async #ready(): Promise<void> {
    const endMs = performance.now() + READY_MAX_MS
    let last: unknown
    while (performance.now() < endMs && !this.#server.ended) {
      try {
        const client = this.client()
        // The namespace is made by the server itself a moment after it says that it is ready.
        await client.send({ method: 'GET', path: '/readyz' })
        await client.send({ method: 'GET', path: '/api/v1/namespaces/default' })
        return
      } catch (thrown) {
        last = thrown
        await new Promise((resolve) => setTimeout(resolve, 100))
      }
    }
    const said = await readFile(join(this.folder, 'kube-apiserver.log'), 'utf8')
    throw new Error(`kube-apiserver is not ready: ${String(last)}\n${said.slice(-2000)}`)
  }
}

async function writeKeys(folder: string): Promise<void> {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  await writeFile(join(folder, 'accounts.pem'), privateKey.export({ type: 'pkcs1', format: 'pem' }))
  const lines = Object.values(TOKENS).map((token) => `${token},admin,admin,system:masters\n`)
  await writeFile(join(folder, 'tokens.csv'), lines.join(''))
}

function flags(values: Readonly<Record<string, string>>): string[] {
  return Object.entries(values).map(([name, value]) => `--${name}=${value}`)
}

/** Two to five seconds on an idle machine. */
const READY_MAX_MS = 90_000
