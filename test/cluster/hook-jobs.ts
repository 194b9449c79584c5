import { execFile } from 'node:child_process'
import { mkdtemp, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { HttpKubeClient } from '../../operator/runtime/http-kube-client.ts'
import type { KubeApi } from './kube-api.ts'

interface Job {
  readonly metadata: { readonly name: string; readonly namespace: string; readonly uid: string }
  readonly spec: {
    readonly template: {
      readonly spec: {
        readonly serviceAccountName: string
        readonly containers: readonly { readonly command: readonly string[] }[]
        readonly volumes: readonly { readonly configMap: { readonly name: string } }[]
      }
    }
  }
}

/** How a Job ended, and what it said. */
export interface JobRun {
  readonly name: string
  readonly failed: boolean
  readonly output: string
}

/**
 * Stands in for controller-manager, kubelet and container: runs the Jobs of a chart's hooks as processes here, with the very
 * rights of their ServiceAccount and with their ConfigMap as a folder, and tells Helm how they ended.
 */
export class HookJobs {
  readonly runs: JobRun[] = []
  readonly #api: KubeApi
  readonly #client: HttpKubeClient
  readonly #namespace: string
  readonly #seen = new Set<string>()
  readonly #loop: Promise<void>
  #ended = false

  constructor(api: KubeApi, client: HttpKubeClient, namespace: string) {
    this.#api = api
    this.#client = client
    this.#namespace = namespace
    this.#loop = this.#work()
    // Told by close(): until then nobody waits for it.
    this.#loop.catch(() => {})
  }

  /** Fails with what went wrong meanwhile. */
  async close(): Promise<void> {
    this.#ended = true
    await this.#loop
  }

  async #work(): Promise<void> {
    while (!this.#ended) {
      const path = `/apis/batch/v1/namespaces/${this.#namespace}/jobs`
      const { items } = await this.#client.send<{ items: readonly Job[] }>({ method: 'GET', path })
      for (const job of items.filter(({ metadata }) => !this.#seen.has(metadata.uid))) {
        this.#seen.add(job.metadata.uid)
        await this.#run(job)
      }
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }

  async #run(job: Job): Promise<void> {
    const { containers, serviceAccountName, volumes } = job.spec.template.spec
    const [container] = containers
    const [volume] = volumes
    if (container === undefined || volume === undefined)
      throw new Error(`${job.metadata.name} has no container`)
    const folder = await mkdtemp(join(this.#api.folder, 'job-'))
    await this.#mount(folder, volume.configMap.name)
    await writeFile(join(folder, 'token'), await this.#token(serviceAccountName))
    const [, ...args] = container.command.map((arg) => arg.replace('/etc/idgen', folder))
    const { hostname, port } = new URL(this.#api.url)
    const env = {
      ACCOUNT_FOLDER: folder,
      KUBERNETES_SERVICE_HOST: hostname,
      KUBERNETES_SERVICE_PORT: port,
      NODE_EXTRA_CA_CERTS: join(this.#api.folder, 'apiserver.crt'),
    }
    const end = await ending(args, env)
    this.runs.push({ name: job.metadata.name, ...end })
    await this.#report(job, end.failed)
  }

  async #mount(folder: string, name: string): Promise<void> {
    const path = `/api/v1/namespaces/${this.#namespace}/configmaps/${name}`
    const { data } = await this.#client.send<{ data: Record<string, string> }>({ method: 'GET', path })
    for (const [file, text] of Object.entries(data)) await writeFile(join(folder, file), text)
  }

  async #token(account: string): Promise<string> {
    const path = `/api/v1/namespaces/${this.#namespace}/serviceaccounts/${account}/token`
    const body = {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      spec: { expirationSeconds: 600 },
    }
    const { status } = await this.#client.send<{ status: { token: string } }>({ method: 'POST', path, body })
    return status.token
  }

  async #report({ metadata }: Job, failed: boolean): Promise<void> {
    const now = `${new Date().toISOString().slice(0, 19)}Z`
    const conditions = (failed ? ['FailureTarget', 'Failed'] : ['SuccessCriteriaMet', 'Complete']).map(
      (type) => ({
        type,
        status: 'True',
        lastTransitionTime: now,
      }),
    )
    const status = { startTime: now, conditions, ...(failed ? {} : { completionTime: now }) }
    await this.#client.send({
      method: 'PATCH',
      path: `/apis/batch/v1/namespaces/${metadata.namespace}/jobs/${metadata.name}/status`,
      contentType: 'application/merge-patch+json',
      body: { status },
    })
  }
}

/** Runs a program on this Node.js. */
function ending(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<Omit<JobRun, 'name'>> {
  return new Promise((resolve) => {
    execFile(process.execPath, args, { env, timeout: RUN_MAX_MS }, (error, out, err) => {
      resolve({ failed: error !== null, output: out + err })
    })
  })
}

const RUN_MAX_MS = 150_000
