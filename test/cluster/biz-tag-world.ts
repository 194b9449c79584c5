import assert from 'node:assert/strict'
import type { BizTagStatusCondition } from '../../operator/api/generated/biz-tag.ts'
import { BIZ_TAG, type BizTag, ID_GENERATOR, type IdGenerator } from '../../operator/api/kinds.ts'
import { conditionOf } from '../../operator/core/biz-tag-conditions.ts'
import { startBizTags } from '../../operator/reconcile/biz-tag-start.ts'
import { generatorKeyOf } from '../../operator/reconcile/biz-tag-world.ts'
import { certificatesInUse } from '../../operator/reconcile/certificates-in-use.ts'
import { SECRET, type Secret } from '../../operator/reconcile/credentials.ts'
import type { KnownRevision } from '../../operator/reconcile/known-revisions.ts'
import { ServiceClientPool } from '../../operator/reconcile/service-client-pool.ts'
import type { RecordedEvent } from '../../operator/runtime/event-recorder.ts'
import type { KubeClient, KubeRequest } from '../../operator/runtime/kube-client.ts'
import { ManualClock, settle } from '../../operator/runtime/manual-clock.ts'
import { RuntimeMetrics } from '../../operator/runtime/metrics.ts'
import { ObjectCache } from '../../operator/runtime/object-cache.ts'
import { collectionPath, objectPath, type Resource } from '../../operator/runtime/resource.ts'
import { keptLog } from '../../operator/runtime/scripted-kube.ts'
import { type AnyObject, MemoryKube } from './memory-kube.ts'
import { MemoryTagService } from './memory-tag-service.ts'

/** MemoryKube with watches, so that caches see what is written. */
class WatchedKube implements KubeClient {
  readonly kube: MemoryKube
  /** Caches hear of no BizTag meanwhile, as on a slow connection. */
  held = false
  readonly #late: (() => void)[] = []
  readonly #watches: { readonly path: string; readonly send: (line: object) => void }[] = []

  constructor(kube: MemoryKube) {
    this.kube = kube
    kube.changed = (path, object, deleted) => {
      const collection = path.slice(0, path.lastIndexOf('/'))
      for (const { path: watched, send } of this.#watches)
        if (watched === collection || watched === withoutNamespace(collection))
          this.#deliver(object, () => send({ type: deleted ? 'DELETED' : 'MODIFIED', object }))
    }
  }

  async send<T>(request: KubeRequest): Promise<T> {
    if (request.method === 'GET' && LISTS.has(withoutNamespace(request.path)))
      return { metadata: { resourceVersion: '1' }, items: this.#list(request) } as T
    return await this.kube.send<T>(request)
  }

  async *watch({ path, signal, query }: KubeRequest): AsyncGenerator<unknown, void, undefined> {
    const lines: object[] = []
    let wake = Promise.withResolvers<void>()
    const send = (line: object): void => {
      const { object } = line as { object: AnyObject }
      if (!selected(object, query?.['labelSelector'])) return
      lines.push(line)
      wake.resolve()
    }
    this.#watches.push({ path, send })
    signal?.addEventListener('abort', () => wake.resolve(), { once: true })
    while (signal?.aborted !== true) {
      while (lines.length > 0) yield lines.shift()
      wake = Promise.withResolvers<void>()
      await wake.promise
    }
  }

  release(): void {
    this.held = false
    for (const deliver of this.#late.splice(0)) deliver()
  }

  #deliver({ kind }: AnyObject, line: () => void): void {
    if (this.held && kind === BIZ_TAG.kind) this.#late.push(line)
    else line()
  }

  #list({ path, query }: KubeRequest): AnyObject[] {
    return [...this.kube.objects]
      .map(([at, object]) => [at.slice(0, at.lastIndexOf('/')), object] as const)
      .filter(([at]) => at === path || withoutNamespace(at) === path)
      .map(([, object]) => structuredClone(object))
      .filter((object) => selected(object, query?.['labelSelector']))
  }
}

const LISTS = new Set([ID_GENERATOR, BIZ_TAG, SECRET].map((resource) => collectionPath(resource)))

function withoutNamespace(path: string): string {
  return path.replace(/\/namespaces\/[^/]+/, '')
}

/** "a=b,c" */
function selected({ metadata }: AnyObject, selector: string | undefined): boolean {
  const labels = (metadata['labels'] ?? {}) as Record<string, string>
  return (selector ?? '')
    .split(',')
    .filter((part) => part !== '')
    .every((part) => {
      const [name = '', value] = part.split('=')
      return value === undefined ? name in labels : labels[name] === value
    })
}

/** The BizTag controller over an API server and a service in memory, with a clock that a test moves. */
export async function bizTagWorld(options: { readonly watchNamespaces?: readonly string[] } = {}) {
  const kube = new MemoryKube()
  const service = new MemoryTagService()
  const client = new WatchedKube(kube)
  const clock = new ManualClock()
  const events: RecordedEvent[] = []
  const totals: string[] = []
  const revisions: KnownRevision[] = []
  const { log, lines } = keptLog()
  const metrics = new RuntimeMetrics()
  const random = (): number => 0.5
  const cached = { client, clock, random, namespaces: [] }
  const idGenerators = new ObjectCache<IdGenerator>({ ...cached, resource: ID_GENERATOR })
  const bizTags = new ObjectCache<BizTag>({ ...cached, resource: BIZ_TAG, index: generatorKeyOf })
  const labelSelector = 'app.kubernetes.io/managed-by=idgen-operator,idgen.io/generator'
  const secrets = new ObjectCache<Secret>({ ...cached, resource: SECRET, labelSelector })
  const started = startBizTags({
    client,
    clock,
    random,
    log,
    metrics,
    idGenerators,
    bizTags,
    secrets,
    recorder: { record: (event) => void events.push(event) },
    watchNamespaces: options.watchNamespaces ?? [],
    serviceAddress: undefined,
    tlsSecrets: (generator) =>
      certificatesInUse(generator, new Map(revisions.map((one) => [one.revision, one]))),
    services: new ServiceClientPool(() => service),
    onGeneratorTags: (key) => totals.push(key),
  })
  kube.put('/api/v1/namespaces/kube-system', { metadata: { name: 'kube-system' } })
  const world = {
    watches: client,
    kube,
    service,
    clock,
    events,
    totals,
    /** Of every IdGenerator. */
    revisions,
    lines,
    started,
    /** Everything runs, as on a leader. */
    async start(): Promise<void> {
      const reflectors = [idGenerators, bizTags, secrets, ...started.reflectors]
      for (const reflector of reflectors) reflector.start()
      await Promise.all(reflectors.map((reflector) => reflector.whenSynced()))
      for (const controller of started.controllers) controller.start()
      await world.settle()
    },
    async stop(): Promise<void> {
      await Promise.all(started.controllers.map((controller) => controller.stop()))
      started.close()
      await Promise.all([idGenerators, bizTags, secrets, ...started.reflectors].map((each) => each.stop()))
    },
    /** Until nothing moves that needs no time. */
    async settle(ms = 0): Promise<void> {
      for (let turn = 0; turn < 4; turn += 1) await settle()
      if (ms > 0) await clock.advance(ms)
      for (let turn = 0; turn < 4; turn += 1) await settle()
    },
    tag: (name = 'invoice', namespace = 'shop') =>
      kube.objects.get(pathOf(BIZ_TAG, namespace, name)) as unknown as BizTag | undefined,
    condition: (
      type: Parameters<typeof conditionOf>[1],
      name = 'invoice',
    ): BizTagStatusCondition | undefined => conditionOf(world.tag(name)?.status?.conditions, type),
    ready: (name = 'invoice'): string => {
      const condition = world.condition('Ready', name)
      return `${condition?.status} ${condition?.reason}`
    },
    told: (): string[] => events.map(({ regarding, reason }) => `${regarding.metadata.name} ${reason}`),
    secret: (name: string, namespace = 'shop') =>
      kube.objects.get(pathOf(SECRET, namespace, name)) as unknown as Secret | undefined,
  }
  return world
}

export type TestWorld = Awaited<ReturnType<typeof bizTagWorld>>

export function pathOf(resource: Resource, namespace: string, name: string): string {
  return objectPath(resource, `${namespace}/${name}`)
}

export function putTag(
  { kube }: TestWorld,
  spec: Partial<BizTag['spec']> = {},
  metadata: Partial<Record<string, unknown>> & { readonly name?: string; readonly namespace?: string } = {},
): void {
  const { name = 'invoice', namespace = 'shop' } = metadata
  kube.put(pathOf(BIZ_TAG, namespace, name), {
    apiVersion: 'idgen.io/v1alpha1',
    kind: 'BizTag',
    metadata: { name, namespace, ...metadata },
    spec: {
      generatorRef: { name: 'ids' },
      workspace: 'shop',
      group: 'orders',
      tag: 'invoice',
      deletionPolicy: 'Retain',
      ...spec,
    },
  })
}

export function deleteTag({ kube }: TestWorld, name = 'invoice', namespace = 'shop'): void {
  kube.delete(pathOf(BIZ_TAG, namespace, name))
}

/** An IdGenerator that is available, with its Secrets. */
export function putGenerator(
  { kube }: TestWorld,
  {
    spec = {},
    available = true,
    name = 'ids',
  }: { readonly spec?: object; readonly available?: boolean; readonly name?: string } = {},
): void {
  const labels = { 'app.kubernetes.io/managed-by': 'idgen-operator', 'idgen.io/generator': name }
  const base64 = (text: string): string => Buffer.from(text).toString('base64')
  const secrets = {
    [`${name}-admin`]: { 'admin-key': base64('k') },
    [`${name}-tls`]: { 'ca.crt': base64('CA') },
  }
  for (const [secret, data] of Object.entries(secrets))
    kube.put(pathOf(SECRET, 'shop', secret), {
      apiVersion: 'v1',
      kind: 'Secret',
      data,
      metadata: { name: secret, namespace: 'shop', labels },
    })
  kube.put(pathOf(ID_GENERATOR, 'shop', name), {
    apiVersion: 'idgen.io/v1alpha1',
    kind: 'IdGenerator',
    metadata: { name, namespace: 'shop' },
    spec: { datacenter: 0, allowedNamespaces: { from: 'Same' }, suspend: false, tls: {}, auth: {}, ...spec },
    status: { conditions: [{ type: 'Available', status: available ? 'True' : 'False' }] },
  })
}

export function both(w: TestWorld): void {
  putGenerator(w)
  putTag(w)
}

/** A test in a world of its own, which is taken down whatever comes; nothing may have gone wrong unseen. */
export async function inWorld(
  prepare: (world: TestWorld) => void,
  body: (world: TestWorld) => Promise<void>,
  options: Parameters<typeof bizTagWorld>[0] = {},
): Promise<void> {
  const world = await bizTagWorld(options)
  try {
    prepare(world)
    await world.start()
    await body(world)
    assert.deepEqual(
      world.lines.filter((line) => line !== RETRIED),
      [],
    )
  } finally {
    await world.stop()
  }
}

const RETRIED = 'reconcile failed and is tried again'
