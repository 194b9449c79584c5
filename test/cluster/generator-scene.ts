import type { IdGenerator } from '../../operator/api/kinds.ts'
import type { BoundedGet } from '../../operator/reconcile/bounded-get.ts'
import { GeneratorCaches } from '../../operator/reconcile/generator-caches.ts'
import { type StartedGenerators, startGenerators } from '../../operator/reconcile/generator-start.ts'
import { DEFAULT_SPEC } from '../../operator/render/sample-installations.ts'
import { ManualClock } from '../../operator/runtime/manual-clock.ts'
import { RuntimeMetrics } from '../../operator/runtime/metrics.ts'
import { keptLog } from '../../operator/runtime/scripted-kube.ts'
import { type AnyObject, MemoryCluster } from './memory-cluster.ts'

type Spec = IdGenerator['spec']

const GENERATOR = '/apis/idgen.io/v1alpha1/namespaces/shop/idgenerators/orders'

/** Short steps without a judgement. */
export const QUICK: Spec['canary'] = {
  ...DEFAULT_SPEC.canary,
  steps: [
    { weight: 34, hold: '5s', requireApproval: false },
    { weight: 100, hold: '0s', requireApproval: false },
  ],
  progressDeadline: '60s',
  abortScaleDownDelay: '0s',
  analysis: { ...DEFAULT_SPEC.canary.analysis, enabled: false },
}

/** A cluster in memory with the IdGenerator shop/orders, and operators that come and go; time is virtual. For tests. */
export class GeneratorScene {
  readonly clock = new ManualClock()
  readonly cluster = new MemoryCluster(this.clock)
  readonly events: string[] = []
  readonly warnings: string[] = []
  /** Keys, one each time that what callers must trust changed. */
  readonly authorityChanges: string[] = []
  readonly images: { image: string | undefined; allowedImages: string[] } = {
    image: 'idgen:v1',
    allowedImages: [],
  }
  get: BoundedGet = () => Promise.reject(new Error('no pod answers here'))
  #running: { readonly caches: GeneratorCaches; readonly generators: StartedGenerators } | undefined

  constructor() {
    this.secret('orders-database', { url: 'cG9zdGdyZXM6Ly9kYi9pZHM=' })
  }

  secret(name: string, data: Readonly<Record<string, string>>): void {
    const metadata = { name, namespace: 'shop' }
    this.cluster.put(`/api/v1/namespaces/shop/secrets/${name}`, {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata,
      data,
    })
  }

  /** As people apply it. */
  apply(spec: Partial<Spec> = {}, annotations: Readonly<Record<string, string>> = {}): void {
    this.cluster.put(GENERATOR, {
      apiVersion: 'idgen.io/v1alpha1',
      kind: 'IdGenerator',
      metadata: { name: 'orders', namespace: 'shop', annotations },
      spec: { ...DEFAULT_SPEC, canary: QUICK, ...spec },
    })
  }

  async startOperator(): Promise<void> {
    const { clock, cluster, images } = this
    const { log } = keptLog()
    const watcher = { listed: () => {}, watching: () => {}, failed: () => {} }
    const shared = { client: cluster, clock, random: () => 0.5, log }
    const caches = new GeneratorCaches({ ...shared, watcher, namespaces: [] })
    caches.onAuthorityChange((key) => void this.authorityChanges.push(key))
    const generators = startGenerators({
      ...shared,
      caches,
      images,
      metrics: new RuntimeMetrics(),
      log: { ...log, warn: (fields, text) => void this.warnings.push(`${text} ${String(errorOf(fields))}`) },
      recorder: { record: ({ type, reason }) => void this.events.push(`${type} ${reason}`) },
      tagTotals: () => ({ total: 0, ready: 0 }),
      operatorNamespace: undefined,
      get: (url, limits, signal) => this.get(url, limits, signal),
    })
    this.#running = { caches, generators }
    for (const reflector of caches.reflectors) reflector.start()
    await clock.advance(0)
    generators.controller.start()
  }

  /** As SIGKILL: nothing is finished, nothing is given back. */
  async killOperator(): Promise<void> {
    const running = this.#running
    this.#running = undefined
    running?.generators.close()
    const stopped = Promise.all([
      running?.generators.controller.stop(),
      ...(running?.caches.reflectors.map((reflector) => reflector.stop()) ?? []),
    ])
    await this.clock.advance(0)
    await stopped
  }

  generator(): IdGenerator {
    const found = this.cluster.objects.get(GENERATOR)
    if (found === undefined) throw new Error('there is no IdGenerator')
    return found as unknown as IdGenerator
  }

  /** "True Ready" */
  told(type: string): string {
    const found = this.generator().status?.conditions?.find((one) => one.type === type)
    return found === undefined ? '' : `${found.status} ${found.reason}`
  }

  of(kind: string): AnyObject[] {
    return [...this.cluster.objects.values()].filter((object) => object.kind === kind)
  }

  /** "idgen:v1 3" */
  sizes(): string[] {
    return this.of('Deployment')
      .map(({ metadata, spec }) => {
        const annotations = metadata['annotations'] as Record<string, string>
        return `${annotations['idgen.io/image']} ${String(spec?.['replicas'])}`
      })
      .sort()
  }

  available(): number {
    return this.of('Deployment').reduce(
      (sum, { status }) => sum + Number(status?.['availableReplicas'] ?? 0),
      0,
    )
  }
}

function errorOf(fields: object): unknown {
  return 'err' in fields ? fields.err : ''
}
