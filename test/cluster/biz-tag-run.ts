import { BIZ_TAG, type BizTag, ID_GENERATOR, type IdGenerator } from '../../operator/api/kinds.ts'
import { adminKeysInUse } from '../../operator/reconcile/admin-keys-in-use.ts'
import { slimBizTag, startBizTags } from '../../operator/reconcile/biz-tag-start.ts'
import { generatorKeyOf } from '../../operator/reconcile/biz-tag-world.ts'
import { certificatesInUse } from '../../operator/reconcile/certificates-in-use.ts'
import { SECRET, type Secret } from '../../operator/reconcile/credentials.ts'
import type { OperatorLog } from '../../operator/reconcile/operator-log.ts'
import { SystemClock } from '../../operator/runtime/clock.ts'
import { EventRecorder } from '../../operator/runtime/event-recorder.ts'
import type { KubeClient } from '../../operator/runtime/kube-client.ts'
import { RuntimeMetrics } from '../../operator/runtime/metrics.ts'
import { ObjectCache } from '../../operator/runtime/object-cache.ts'

export interface RunningBizTags {
  /** Ends it, as a leader does that gives the lead away. */
  stop(): Promise<void>
}

/** The BizTag controller with its caches, leading, against a real API server. */
export async function runBizTags(
  client: KubeClient,
  serviceAddress: string,
  log: OperatorLog,
): Promise<RunningBizTags> {
  const clock = new SystemClock()
  const random = Math.random
  const metrics = new RuntimeMetrics()
  const newId = (): string => Math.random().toString(16).slice(2)
  const recorder = new EventRecorder({
    client,
    clock,
    log,
    newId,
    controller: 'idgen.io/operator',
    instance: 'test',
  })
  const cached = { client, clock, random, namespaces: [] }
  const idGenerators = new ObjectCache<IdGenerator>({ ...cached, resource: ID_GENERATOR })
  const bizTags = new ObjectCache<BizTag>({
    ...cached,
    resource: BIZ_TAG,
    index: generatorKeyOf,
    slim: slimBizTag,
  })
  const labelSelector = 'app.kubernetes.io/managed-by=idgen-operator,idgen.io/generator'
  const secrets = new ObjectCache<Secret>({ ...cached, resource: SECRET, labelSelector })
  const started = startBizTags({
    client,
    clock,
    random,
    log,
    metrics,
    recorder,
    idGenerators,
    bizTags,
    secrets,
    serviceAddress,
    adminKeys: (generator) => adminKeysInUse(generator, new Map()),
    tlsSecrets: (generator) => certificatesInUse(generator, new Map()),
    watchNamespaces: [],
    onGeneratorTags: () => {},
  })
  const reflectors = [idGenerators, bizTags, secrets, ...started.reflectors]
  for (const reflector of reflectors) reflector.start()
  await Promise.all(reflectors.map((reflector) => reflector.whenSynced()))
  for (const controller of started.controllers) controller.start()
  return {
    stop: async () => {
      await Promise.all(started.controllers.map((controller) => controller.stop()))
      started.close()
      await recorder.flush()
      await Promise.all(reflectors.map((reflector) => reflector.stop()))
    },
  }
}
