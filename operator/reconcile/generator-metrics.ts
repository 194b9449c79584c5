import { Gauge, type Registry } from 'prom-client'
import type { BizTag, IdGenerator } from '../api/kinds.ts'
import { parseTimestamp } from '../core/timestamp.ts'

export interface MetricSources {
  readonly idGenerators: Iterable<IdGenerator>
  readonly bizTags: Iterable<BizTag>
}

/** What the operator looks after, as Prometheus sees it; read from the caches when it asks. */
export function watchGenerators(registry: Registry, sources: () => MetricSources): void {
  const gauge = <L extends string>(
    name: string,
    help: string,
    labelNames: readonly L[],
    collect: (gauge: Gauge<L>, sources: MetricSources) => void,
  ): void => {
    new Gauge({
      name,
      help,
      labelNames,
      registers: [registry],
      collect() {
        this.reset()
        collect(this, sources())
      },
    })
  }
  gauge('idgen_operator_generators', 'IdGenerators by whether they are ready.', ['ready'], (to, found) =>
    count(to, found.idGenerators),
  )
  gauge('idgen_operator_biztags', 'BizTags by whether they are ready.', ['ready'], (to, found) =>
    count(to, found.bizTags),
  )
  gauge(
    'idgen_operator_rollouts',
    'IdGenerators by the state of their last rollout.',
    ['state'],
    (to, found) => {
      for (const state of ['Progressing', 'Promoted', 'RolledBack']) to.set({ state }, 0)
      for (const { status } of found.idGenerators)
        if (status?.rollout?.state !== undefined) to.inc({ state: status.rollout.state })
    },
  )
  gauge(
    'idgen_operator_rollout_failed',
    '1 while the revision that is wanted was rolled back and not tried again.',
    OF_GENERATOR,
    (to, found) => {
      for (const generator of found.idGenerators) to.set(labels(generator), isBlocked(generator) ? 1 : 0)
    },
  )
  gauge(
    'idgen_operator_replicas',
    'Pods that are wanted, and pods that are ready.',
    [...OF_GENERATOR, 'state'] as const,
    (to, found) => {
      for (const generator of found.idGenerators) {
        to.set({ ...labels(generator), state: 'wanted' }, generator.spec.replicas)
        to.set({ ...labels(generator), state: 'ready' }, generator.status?.readyReplicas ?? 0)
      }
    },
  )
  gauge(
    'idgen_operator_certificate_expiry_seconds',
    "When the pods' certificate ends, Unix time.",
    OF_GENERATOR,
    (to, found) => {
      for (const generator of found.idGenerators) {
        const endMs = parseTimestamp(generator.status?.certificateNotAfter ?? '')
        if (endMs !== undefined) to.set(labels(generator), endMs / 1000)
      }
    },
  )
}

/** The scrape itself sets `namespace`, to that of the operator. */
const OF_GENERATOR = ['generator_namespace', 'generator'] as const

function labels({ metadata }: IdGenerator): Record<(typeof OF_GENERATOR)[number], string> {
  return { generator_namespace: metadata.namespace ?? '', generator: metadata.name }
}

function count(gauge: Gauge<'ready'>, objects: Iterable<IdGenerator | BizTag>): void {
  for (const ready of ['true', 'false']) gauge.set({ ready }, 0)
  for (const { status } of objects) {
    const ready = status?.conditions?.find(({ type }) => type === 'Ready')?.status === 'True'
    gauge.inc({ ready: String(ready) })
  }
}

function isBlocked({ status }: IdGenerator): boolean {
  return (
    status?.conditions?.some(({ type, reason }) => type === 'Stalled' && reason === 'RolledBack') === true
  )
}
