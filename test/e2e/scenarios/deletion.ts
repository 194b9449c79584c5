import assert from 'node:assert/strict'
import { ANNOTATIONS } from '../../../operator/api/marks.ts'
import type { Resource } from '../../../operator/runtime/resource.ts'
import { LOCAL_IMAGES } from '../../../scripts/cluster/cluster.ts'
import { kubectl } from '../../../scripts/cluster/kubectl.ts'
import { askIds } from '../ask-ids.ts'
import {
  CONFIG_MAP,
  DEPLOYMENT,
  GENERATOR,
  NAMESPACE,
  POD,
  SECRET,
  SERVICE,
  type Secret,
} from '../kube-api.ts'
import { apply, generatorManifest } from '../manifests.ts'
import { measured } from '../measured.ts'
import { LANES } from '../probe-lanes.ts'
import { probeTarget } from '../probe-target.ts'
import { PROBED_TAGS, type Stage } from '../stage.ts'
import { seconds, until } from '../waiting.ts'

/** What it owns goes; Secrets of the user, BizTags and every number stay. */
export async function generatorDeleted({ api, prober }: Stage): Promise<void> {
  await prober.stop()
  const startMs = performance.now()
  await kubectl(['delete', 'idg', GENERATOR, `--namespace=${NAMESPACE}`, '--timeout=120s'])
  const owned: readonly Resource[] = [DEPLOYMENT, POD, SERVICE, CONFIG_MAP, SECRET]
  await until('everything that it owned gone', 120, async () => {
    const left = await Promise.all(
      owned.map((resource) => api.list(resource, NAMESPACE, `idgen.io/generator=${GENERATOR}`)),
    )
    return left.flat().length === 0
  })
  measured('IdGenerator deleted until nothing of it is left', seconds(performance.now() - startMs))
  assert.ok(await api.get<Secret>(SECRET, `${NAMESPACE}/orders-database`), 'the Secret of the user stays')
  assert.ok(await api.tag('invoice'), 'BizTags stay')
}

/**
 * Made again on the same database: it goes on, and no number comes a second time. A tag's numbers need not be above all of
 * before: a block that was put aside in Redis is older than what pods got from the database meanwhile. Its metrics port speaks TLS
 * this time: that a real kubelet finds its pods well says that HTTPS probes are answered.
 */
export async function generatorReturns(stage: Stage): Promise<void> {
  const { api, issued, prober, digest } = stage
  const [tag] = PROBED_TAGS
  const encryptedMetrics = true
  await apply(generatorManifest({ image: LOCAL_IMAGES.idgen, mark: digest, replicas: 3, encryptedMetrics }))
  for (const one of [`idgenerator/${GENERATOR}`, 'biztag/invoice', 'biztag/event']) {
    const args = ['wait', '--for=condition=Ready', one, `--namespace=${NAMESPACE}`, '--timeout=180s']
    await kubectl(args)
  }
  const schemes = (await api.readyPods()).map(
    ({ metadata }) => metadata.annotations?.[ANNOTATIONS.metricsScheme],
  )
  assert.deepEqual([...new Set(schemes)], ['https'])
  const { host, key } = await probeTarget(api)
  const { ids } = await askIds({ origin: `http://${host}:8080`, tag, key, agent: false })
  for (const id of ids) issued.text(tag, id, 'after the return')
  issued.verify()
  prober.start(await probeTarget(api))
  const outcomes = prober.mark()
  await until('answers again', 30, async () => Promise.resolve(outcomes().answered >= 100))
}

/** Over all scenarios and protocols. */
export async function nothingTwice({ issued, prober }: Stage): Promise<void> {
  await prober.stop()
  const lanes = [...prober.answered].map(([lane, count]) => `${lane} ${count}`)
  measured('IDs counted, none twice', issued.total.toLocaleString('en'))
  measured('answers of the prober', lanes.join(', '))
  measured('failed questions of the prober', String(prober.failures.length), '0')
  measured('gRPC streams that moved to another pod', String(prober.streamsMoved))
  issued.verify()
  assert.deepEqual(prober.failures, [], 'between the scenarios, too')
  assert.equal(lanes.length, LANES.length, 'every caller was answered')
}
