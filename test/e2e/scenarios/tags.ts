import assert from 'node:assert/strict'
import { Agent } from 'node:http'
import type { BizTag } from '../../../operator/api/kinds.ts'
import { BIZ_TAG } from '../../../operator/api/kinds.ts'
import { kubectl } from '../../../scripts/cluster/kubectl.ts'
import { say } from '../../../scripts/cluster/progress.ts'
import { AskFailed, askIds } from '../ask-ids.ts'
import { FORM } from '../form.ts'
import { conditionOf, GENERATOR, type KubeApi, NAMESPACE } from '../kube-api.ts'
import { apply, tagManifest } from '../manifests.ts'
import { measured } from '../measured.ts'
import { probeTarget, secretText } from '../probe-target.ts'
import type { Stage } from '../stage.ts'
import { eventually, p95, seconds, until } from '../waiting.ts'

const TIMED_TAGS = FORM === 'short' ? 15 : 40
/** A list of a thousand is megabytes: looked at more often, it would be the load that is measured. */
const LIST_EVERY_MS = 1000
const MANY_TAGS = FORM === 'short' ? 200 : 1000

/** On a cluster that was kept, tags of the run before still answer. */
const RUN = Date.now().toString(36)

/** From the moment that the API server has the object until every pod gives out IDs for it. */
export async function tagsAnswerOnEveryPod({ api, issued }: Stage): Promise<void> {
  const { key } = await probeTarget(api)
  const hosts = (await api.readyPods()).map(({ status }) => status.podIP ?? '')
  assert.equal(hosts.length, 3)
  const agent = new Agent({ keepAlive: true })
  const took: number[] = []
  for (let number = 0; number < TIMED_TAGS; number += 1) {
    const name = `timed-${RUN}-${number}`
    const tag = `shop/orders/${name}`
    await api.create(BIZ_TAG, NAMESPACE, tagManifest(name))
    const startMs = performance.now()
    const answers = hosts.map((host) =>
      until(`an ID of ${tag} by ${host}`, 30, async () => {
        const { ids } = await askIds({ origin: `http://${host}:8080`, tag, key, agent }).catch(notYet)
        for (const id of ids) issued.text(tag, id, 'pod by pod')
        return ids.length > 0
      }),
    )
    await Promise.all(answers)
    took.push(performance.now() - startMs)
  }
  agent.destroy()
  const worst = Math.max(...took)
  measured(
    `BizTag applied until all 3 pods answer, p95 of ${TIMED_TAGS}`,
    `${seconds(p95(took))} (worst ${seconds(worst)})`,
    '2 s',
  )
  assert.ok(p95(took) < 2000, `p95 ${p95(took)} ms`)
}

function notYet(thrown: unknown): { readonly ids: readonly string[] } {
  if (thrown instanceof AskFailed && thrown.code === 'IDGEN_TAG_NOT_FOUND') return { ids: [] }
  throw thrown
}

export async function manyTags({ api }: Stage): Promise<void> {
  const names = Array.from({ length: MANY_TAGS }, (_, number) => `many-${RUN}-${number}`)
  const startMs = performance.now()
  await inTens(names, (name) => api.create(BIZ_TAG, NAMESPACE, tagManifest(name)))
  say(`    ${MANY_TAGS} made after ${seconds(performance.now() - startMs)}`)
  const allReady = async (): Promise<boolean> => {
    const tags = await ofMany(api)
    return tags.filter((tag) => conditionOf(tag, 'Ready').startsWith('True/')).length === MANY_TAGS
  }
  await until(`${MANY_TAGS} BizTags Ready`, 300, allReady, LIST_EVERY_MS)
  const tookMs = performance.now() - startMs
  measured(`${MANY_TAGS} BizTags made until all are Ready`, seconds(tookMs), '60 s for 1,000')
  const deletedMs = performance.now()
  await inTens(names, (name) => api.delete(BIZ_TAG, `${NAMESPACE}/${name}`))
  const allGone = async (): Promise<boolean> => (await ofMany(api)).length === 0
  await until(`${MANY_TAGS} BizTags gone`, 300, allGone, LIST_EVERY_MS)
  measured(`${MANY_TAGS} BizTags deleted`, seconds(performance.now() - deletedMs))
  assert.ok(tookMs < 60_000, `${tookMs} ms`)
}

async function ofMany(api: KubeApi): Promise<readonly BizTag[]> {
  const tags = await api.list<BizTag>(BIZ_TAG, NAMESPACE)
  return tags.filter(({ metadata }) => metadata.name.startsWith('many-'))
}

/** Ten at a time, as a person with a script would. */
async function inTens(names: readonly string[], work: (name: string) => Promise<void>): Promise<void> {
  const left = [...names]
  const worker = async (): Promise<void> => {
    for (let name = left.pop(); name !== undefined; name = left.pop()) await work(name)
  }
  await Promise.all(Array.from({ length: 10 }, worker))
}

export async function tagBringsCredentials({ api, issued }: Stage): Promise<void> {
  await apply(tagManifest('with-key', { credentialsSecret: { name: 'with-key-ids' } }))
  const args = ['wait', '--for=condition=Ready', 'biztag/with-key', `--namespace=${NAMESPACE}`]
  await kubectl([...args, '--timeout=60s'])
  const { host } = await probeTarget(api)
  const key = await secretText(api, 'with-key-ids', 'key')
  const ask = { origin: `http://${host}:8080`, key, agent: false } as const
  const tag = 'shop/orders/with-key'
  // Another pod than the one that was told of the key learns of it within its next look.
  const { found } = await eventually('an ID for the key of the Secret', 5, () =>
    askIds({ ...ask, tag }).catch(() => undefined),
  )
  for (const id of found.ids) issued.text(tag, id, 'key of the Secret')
  await assert.rejects(askIds({ ...ask, tag: 'shop/orders/invoice' }), { code: 'IDGEN_FORBIDDEN' })
}

/** Retain, the default: the numbers stay, and whoever comes back goes on above. */
export async function tagReturns({ api, issued }: Stage): Promise<void> {
  const name = 'returning'
  const tag = `shop/orders/${name}`
  const { host, key } = await probeTarget(api)
  const ask = async (): Promise<void> => {
    const { ids } = await askIds({ origin: `http://${host}:8080`, tag, key, agent: false, count: 50 })
    for (const id of ids) issued.text(tag, id, 'before and after')
  }
  await apply(tagManifest(name))
  await tagReady(name)
  await ask()
  const highest = issued.highest(tag)
  await kubectl(['delete', 'biztag', name, `--namespace=${NAMESPACE}`, '--timeout=60s'])
  await apply(tagManifest(name))
  await tagReady(name)
  await ask()
  assert.ok(issued.highest(tag) > highest, 'it goes on above')
  issued.verify()
}

export async function secondClaim({ api }: Stage): Promise<void> {
  await apply(tagManifest('invoice-again', { tag: 'invoice' }))
  const { found } = await eventually('a word about the second claim', 30, async () => {
    const tag = await api.tag('invoice-again')
    const ready = tag?.status?.conditions?.find(({ type }) => type === 'Ready')
    return ready?.status === 'False' ? ready : undefined
  })
  assert.match(found.message, /invoice/, 'it names the owner')
  assert.match(conditionOf((await api.tag('invoice')) ?? missing('invoice'), 'Ready'), /^True/)
  await kubectl(['delete', 'biztag', 'invoice-again', `--namespace=${NAMESPACE}`, '--timeout=60s'])
  assert.match(conditionOf((await api.tag('invoice')) ?? missing('invoice'), 'Ready'), /^True/)
}

function missing(name: string): never {
  throw new Error(`BizTag ${name} is gone; IdGenerator ${GENERATOR}`)
}

async function tagReady(name: string): Promise<void> {
  const args = ['wait', '--for=condition=Ready', `biztag/${name}`, `--namespace=${NAMESPACE}`]
  await kubectl([...args, '--timeout=60s'])
}
