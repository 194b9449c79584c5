import assert from 'node:assert/strict'
import { kubectl } from '../../scripts/cluster/kubectl.ts'
import { CHECKOUT } from '../../scripts/cluster/layout.ts'
import { IssuedIds } from '../fixtures/issued-ids.ts'
import type { KubeApi } from './kube-api.ts'
import { conditionOf, GENERATOR, NAMESPACE } from './kube-api.ts'
import { Prober } from './prober.ts'
import { until } from './waiting.ts'

/** Tags that are asked for all the time: one of segments, one of snowflakes. */
export const PROBED_TAGS = ['shop/orders/invoice', 'shop/orders/event'] as const

/** What all scenarios share: one cluster, one prober, every ID there ever was. */
export class Stage {
  readonly api: KubeApi
  /** Of idgen:dev, as it was made for this run. */
  readonly digest: string
  readonly issued = new IssuedIds()
  readonly prober = new Prober(this.issued, PROBED_TAGS)

  constructor(api: KubeApi, digest: string) {
    this.api = api
    this.digest = digest
  }

  /** Waits until the generator is Ready and nothing is on its way any more. */
  async settled(limitS = 120): Promise<void> {
    await until(`IdGenerator ${GENERATOR} Ready and at rest`, limitS, async () => {
      const generator = await this.api.generator()
      const { status, metadata, spec } = generator
      return (
        status?.observedGeneration === metadata.generation &&
        conditionOf(generator, 'Ready').startsWith('True/') &&
        status?.rollout?.state !== 'Progressing' &&
        status?.readyReplicas === spec.replicas &&
        status?.replicas === spec.replicas
      )
    })
  }

  /** What a person types behind "kubectl idgen", and what it prints. */
  async plugin(...args: readonly string[]): Promise<string> {
    const env = { PATH: `${CHECKOUT}/bin:${process.env['PATH'] ?? ''}` }
    return await kubectl(['idgen', ...args, '--namespace', NAMESPACE, '--no-color'], { env })
  }

  /** Does `work` while the prober asks; no caller may notice. Resolves with the number of answers. */
  async unnoticed(work: () => Promise<void>): Promise<number> {
    const outcomes = this.prober.mark()
    await work()
    const { failures, answered } = outcomes()
    const told = failures.map(
      ({ at, lane, code, message }) => `${at.toISOString()} ${lane}: ${code} ${message}`,
    )
    assert.deepEqual(told, [], `${failures.length} of ${failures.length + answered} questions failed`)
    assert.ok(answered > 0, 'the prober asked')
    return answered
  }
}
