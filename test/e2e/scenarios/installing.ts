import assert from 'node:assert/strict'
import { LOCAL_IMAGES } from '../../../scripts/cluster/cluster.ts'
import { installOperator } from '../../../scripts/cluster/install-idgen.ts'
import { kubectl } from '../../../scripts/cluster/kubectl.ts'
import { OPERATOR_NAMESPACE } from '../evidence.ts'
import { KEEPS_CLUSTER } from '../form.ts'
import { GENERATOR, NAMESPACE } from '../kube-api.ts'
import { apply, FOUNDATIONS, generatorManifest, tagManifest } from '../manifests.ts'
import { measured } from '../measured.ts'
import { leader } from '../operator-pods.ts'
import type { Stage } from '../stage.ts'
import { eventually, seconds } from '../waiting.ts'

export async function installByHelm({ api, digest }: Stage): Promise<void> {
  if (KEEPS_CLUSTER) await removeLastRun()
  const startMs = performance.now()
  await installOperator(LOCAL_IMAGES, digest)
  measured('helm install until the operator is ready', seconds(performance.now() - startMs))
  const kinds = await kubectl(['api-resources', '--api-group=idgen.io', '--output=name'])
  assert.deepEqual(kinds.trim().split('\n').toSorted(), ['biztags.idgen.io', 'idgenerators.idgen.io'])
  await eventually('a leader', 30, async () => (await leader(api)) || undefined)
  const pods = await kubectl(['get', 'pods', `--namespace=${OPERATOR_NAMESPACE}`, '--output=name'])
  assert.equal(pods.trim().split('\n').length, 2, 'two replicas')
  assert.match(
    await kubectl(['explain', 'biztag.spec.deletionPolicy']),
    /Made\s+again,\s+it\s+goes\s+on\s+above/,
  )
}

/** Of a run before, on a cluster that was kept. Numbers stay: they go on above. */
async function removeLastRun(): Promise<void> {
  const inIt = [`--namespace=${NAMESPACE}`, '--all', '--ignore-not-found', '--timeout=60s']
  for (const kind of ['biztags', 'idgenerators']) await kubectl(['delete', kind, ...inIt]).catch(() => '')
}

export async function applyGenerator({ digest }: Stage): Promise<void> {
  const startMs = performance.now()
  await apply(...FOUNDATIONS)
  await apply(generatorManifest({ image: LOCAL_IMAGES.idgen, mark: digest, replicas: 3 }))
  await ready('idgenerator', GENERATOR)
  measured('IdGenerator applied until Ready with 3 pods', seconds(performance.now() - startMs))
  const row = await kubectl(['get', 'idg', GENERATOR, `--namespace=${NAMESPACE}`])
  assert.match(row, /NAME +READY +REASON +REPLICAS +REVISION +CANARY +SHARE +USED % +AGE/)
  assert.match(row, /orders +True +\w+ +3\/3 +[0-9a-f]{10} /)
  const jobs = await kubectl([
    'get',
    'jobs',
    `--namespace=${NAMESPACE}`,
    '--output=jsonpath={.items[*].status.succeeded}',
  ])
  assert.equal(jobs, '1', 'the migrations ran once')
}

/** The two tags that the prober asks for, and a first look at what a person sees. */
export async function applyFirstTags(stage: Stage): Promise<void> {
  await apply(tagManifest('invoice'), tagManifest('event', { algorithm: 'snowflake' }))
  for (const name of ['invoice', 'event']) await ready('biztag', name)
  const rows = await kubectl(['get', 'bt', `--namespace=${NAMESPACE}`])
  assert.match(rows, /NAME +READY +REASON +GENERATOR +PATH +USED % +AGE/)
  assert.match(rows, /invoice +True +\w+ +orders +shop\/orders\/invoice /)
  const told = await kubectl(['describe', 'biztag', 'invoice', `--namespace=${NAMESPACE}`])
  assert.match(told, /Events:[^]*SegmentsInitialized/, 'events say what happened')
  assert.match(await stage.plugin('status', GENERATOR), /IdGenerator shop\/orders +\S+ Ready/)
}

async function ready(kind: string, name: string): Promise<void> {
  const args = ['wait', '--for=condition=Ready', `${kind}/${name}`, `--namespace=${NAMESPACE}`]
  await kubectl([...args, '--timeout=120s'])
}
