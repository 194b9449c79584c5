import { existsSync } from 'node:fs'
import { after, before, describe, test } from 'node:test'
import { startCluster } from '../../scripts/cluster/cluster.ts'
import { FOLDER } from '../../scripts/cluster/layout.ts'
import { thisMachine, whyNot } from '../../scripts/cluster/preconditions.ts'
import { say } from '../../scripts/cluster/progress.ts'
import { stopNode } from '../../scripts/cluster/stop-node.ts'
import { isForeign } from '../../scripts/cluster/target.ts'
import { collectEvidence } from './evidence.ts'
import { FORM, KEEPS_CLUSTER } from './form.ts'
import { KubeApi } from './kube-api.ts'
import { writeMeasured } from './measured.ts'
import { OperatorKiller } from './operator-killer.ts'
import { probeTarget } from './probe-target.ts'
import { autoscaling } from './scenarios/autoscaling.ts'
import { generatorDeleted, generatorReturns, nothingTwice } from './scenarios/deletion.ts'
import { operatorEncrypted } from './scenarios/encryption.ts'
import { firstObjects } from './scenarios/first-objects.ts'
import { applyFirstTags, applyGenerator, installByHelm } from './scenarios/installing.ts'
import { everyPodEvicted, everyPodKilled, kubeletRestarts, leaderHandOver } from './scenarios/losses.ts'
import { badVersion, commands, goodCanary, missingImage, scaling } from './scenarios/rollouts.ts'
import { runbooksReachAPod } from './scenarios/runbooks.ts'
import { etcdRestored } from './scenarios/stores.ts'
import {
  manyTags,
  secondClaim,
  tagBringsCredentials,
  tagReturns,
  tagsAnswerOnEveryPod,
} from './scenarios/tags.ts'
import { upgradedAndBack } from './scenarios/upgrading.ts'
import { Stage } from './stage.ts'

/** Everything real, one thing after the other on one cluster: each scenario goes on where the last one ended. */
const reason = isForeign()
  ? 'KUBECONFIG names another cluster; these tests stop nodes and need one of their own'
  : whyNot(thisMachine())

/** Far above what each takes: ends what hangs. */
const SCENARIO_MAX_MS = 600_000
const KILL_EVERY_MS = 20_000

describe('idgen on a real Kubernetes', { skip: reason ?? false }, () => {
  let stage: Stage | undefined
  /** Without a generator that serves, nothing else can be tried. */
  let broken: string | undefined

  const scenario = (
    title: string,
    work: (stage: Stage) => Promise<void>,
    { essential = false }: { readonly essential?: boolean } = {},
  ): void => {
    test(title, { timeout: SCENARIO_MAX_MS }, async (t) => {
      if (broken !== undefined) return t.skip(`"${broken}" failed, on which all others rest`)
      if (stage === undefined) throw new Error('the cluster did not start')
      say(title)
      try {
        await work(stage)
      } catch (thrown) {
        if (essential) broken = title
        say(`FAILED: ${title}: ${thrown instanceof Error ? thrown.message : String(thrown)}`)
        say(`what there is to be seen: ${await collectEvidence(title)}`)
        throw thrown
      }
    })
  }

  before(async () => {
    if (existsSync(FOLDER) && !KEEPS_CLUSTER)
      throw new Error(`a cluster runs here (${FOLDER}): \`make cluster-down\` first`)
    const digest = await startCluster()
    stage = new Stage(await KubeApi.open(), digest)
  })

  after(async () => {
    await stage?.prober.stop()
    stage?.api.close()
    writeMeasured()
    if (!KEEPS_CLUSTER) await stopNode()
  })

  const essential = { essential: true }
  scenario('helm installs the operator and the kinds', installByHelm, essential)
  scenario('an applied IdGenerator migrates, starts pods and gets Ready', applyGenerator, essential)
  scenario('applied BizTags get Ready and are told of', applyFirstTags, essential)
  scenario('a new tag answers on every pod within two seconds', tagsAnswerOnEveryPod)
  scenario('the runbooks bring the port of a pod here, and the process says how it is', runbooksReachAPod)
  scenario('a tag brings a Secret with a key for itself alone', tagBringsCredentials)
  scenario('callers begin to ask over every protocol', beginProbing, essential)
  scenario('many tags at once are reconciled within a minute', manyTags)
  scenario('kubectl scale makes more pods and fewer, and nobody notices', scaling)
  scenario('another operator leads soon after the leader was ended', leaderHandOver)
  // Here, where no pod of the generator is young any more: it would wait for that.
  scenario('the kubelet is restarted, and nobody notices', kubeletRestarts)
  scenario('a canary goes through its steps while the operator is killed every 20 s', underKills(goodCanary))
  if (FORM === 'long')
    scenario('an image that nobody has is rolled back, and goes through when retried', missingImage)
  scenario('a version that does not start is rolled back and stays blocked', underKills(badVersion))
  scenario('pause, resume, promote, abort and retry do what they say', commands)
  scenario('every pod is evicted in turn, and nobody notices', underKills(everyPodEvicted))
  scenario('the etcd of idgen is restored from a snapshot, and nobody notices', underKills(etcdRestored))
  if (FORM === 'long') {
    scenario('pods come and go by load, and nobody notices', autoscaling)
    scenario('the chart goes back a version and up again, and nobody notices', upgradedAndBack)
    scenario('the release makes a first IdGenerator with a tag, and helm test asks it', firstObjects)
  }
  scenario('a deleted tag that returns goes on above', tagReturns)
  scenario('a second claim on a tag is told so', secondClaim)
  scenario("the operator's port speaks TLS, and the kubelet finds it well", operatorEncrypted)
  scenario('a deleted IdGenerator takes what it owns and no data', generatorDeleted)
  scenario('an IdGenerator that returns goes on, with no number of before', generatorReturns)
  scenario('no ID was given twice in all of this', nothingTwice)
  scenario('the prober sees pods that are killed without a word', everyPodKilled)
})

async function beginProbing({ api, prober }: Stage): Promise<void> {
  prober.start(await probeTarget(api))
}

/** All the while an operator is killed every 20 s. */
function underKills(work: (stage: Stage) => Promise<void>): (stage: Stage) => Promise<void> {
  return async (stage) => {
    const killer = new OperatorKiller(stage.api, KILL_EVERY_MS)
    killer.start()
    try {
      await work(stage)
    } finally {
      await killer.stop()
    }
    say(`    an operator was killed ${killer.kills} times`)
  }
}
