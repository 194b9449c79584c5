import assert from 'node:assert/strict'
import { LOCAL_IMAGES } from '../../../scripts/cluster/cluster.ts'
import { ctr } from '../../../scripts/cluster/container-runtime.ts'
import { kubectl } from '../../../scripts/cluster/kubectl.ts'
import { say } from '../../../scripts/cluster/progress.ts'
import { conditionOf, GENERATOR, NAMESPACE } from '../kube-api.ts'
import { apply, type GeneratorWishes, generatorManifest } from '../manifests.ts'
import { measured } from '../measured.ts'
import type { Stage } from '../stage.ts'
import { eventually, seconds, until } from '../waiting.ts'

/** Of the generator in all scenarios after the first: what `kubectl scale` wrote stays when the manifest names none. */
async function roll(
  stage: Stage,
  image: string,
  wishes: Pick<GeneratorWishes, 'hold' | 'progressDeadline'> = {},
): Promise<void> {
  await apply(generatorManifest({ image, mark: stage.digest, replicas: 3, ...wishes }))
}

/** 5 %, 50 %, all; the plugin draws it on the way. */
export async function goodCanary(stage: Stage): Promise<void> {
  const before = (await stage.api.generator()).status?.stableRevision
  const startMs = performance.now()
  await stage.unnoticed(async () => {
    await roll(stage, 'idgen:next')
    const weights = await watchSteps(stage)
    assert.deepEqual([...weights], [5, 50, 100], 'every step was seen')
    await stage.settled()
  })
  const { status } = await stage.api.generator()
  assert.notEqual(status?.stableRevision, before)
  assert.equal(status?.stableImage, 'idgen:next')
  measured('good canary, 2 holds of 8 s, until promoted', seconds(performance.now() - startMs))
}

/** Follows a rollout to its end; the weights in the order in which they came. */
async function watchSteps(stage: Stage): Promise<Set<number>> {
  const weights = new Set<number>()
  await until('the end of the rollout', 300, async () => {
    const { rollout, canaryRevision } = (await stage.api.generator()).status ?? {}
    if (rollout?.image !== 'idgen:next') return false
    assert.notEqual(rollout.state, 'RolledBack', rollout.message)
    const weight = rollout.desiredWeight
    if (weight !== undefined && weight > 0 && !weights.has(weight)) {
      weights.add(weight)
      say(`    ${weight} %`)
      if (rollout.state === 'Progressing') await drawnRollout(stage, canaryRevision ?? '')
    }
    return rollout.state === 'Promoted'
  })
  return weights
}

async function drawnRollout(stage: Stage, revision: string): Promise<void> {
  const drawn = await stage.plugin('status', GENERATOR)
  assert.match(drawn, new RegExp(`Rollout of ${revision} `))
  assert.match(drawn, /5% ─+ \S+ 50% ─+ \S+ 100%/, drawn)
}

/** In a registry that refuses every connection at once. */
const LATE_IMAGE = '127.0.0.1:1/idgen:late'

/** Nobody has this image, until somebody pushes it: then a retry goes through. */
export async function missingImage(stage: Stage): Promise<void> {
  // Of a run before, on a cluster that was kept.
  await ctr(['images', 'remove', LATE_IMAGE]).catch(() => '')
  await stage.unnoticed(async () => {
    const blocked = await rollsBack(stage, LATE_IMAGE)
    await ctr(['images', 'tag', '--force', 'docker.io/library/idgen:dev', LATE_IMAGE])
    const said = await stage.plugin('retry', GENERATOR)
    say(`    kubectl idgen retry: ${said.trim().split('\n')[0] ?? ''}`)
    await until('the retried revision promoted', 240, async () => {
      const { status } = await stage.api.generator()
      return status?.stableRevision === blocked && status.rollout?.state === 'Promoted'
    })
    await stage.settled()
  })
}

/** For pods that never become ready, on no machine: nothing is gained by waiting longer. */
const HOPELESS_DEADLINE = '20s'

/** Migrates, and then ends at every start: never ready, given up, blocked. */
export async function badVersion(stage: Stage): Promise<void> {
  const serving = (await stage.api.generator()).status?.stableImage ?? ''
  await stage.unnoticed(async () => {
    await rollsBack(stage, 'idgen:bad', HOPELESS_DEADLINE)
    // Back to what serves: nothing is to be done, and nothing is blocked that anybody wants.
    await roll(stage, serving)
    await stage.settled()
  })
}

/** Resolves with the revision that was rolled back by itself. */
async function rollsBack(stage: Stage, image: string, progressDeadline?: string): Promise<string> {
  const before = (await stage.api.generator()).status?.stableRevision
  const startMs = performance.now()
  await roll(stage, image, progressDeadline === undefined ? {} : { progressDeadline })
  const { found } = await eventually(`${image} rolled back`, 180, async () => {
    const { status } = await stage.api.generator()
    return status?.rollout?.image === image && status.rollout.state === 'RolledBack'
      ? status.rollout
      : undefined
  })
  measured(`${image}: applied until rolled back by itself`, seconds(performance.now() - startMs))
  say(`    ${found.message ?? ''}`)
  const generator = await stage.api.generator()
  assert.equal(generator.status?.stableRevision, before, 'the stable revision serves')
  const blocked = generator.status?.blockedRevisions?.map(({ revision }) => revision) ?? []
  assert.ok(blocked.includes(found.revision ?? ''), 'it is blocked')
  assert.match(conditionOf(generator, 'RolloutHealthy'), /^False/)
  assert.match(conditionOf(generator, 'Available'), /^True/)
  assert.match(await stage.plugin('status', GENERATOR), /kubectl idgen retry orders/)
  return found.revision ?? ''
}

/** Long holds that only a person ends. */
export async function commands(stage: Stage): Promise<void> {
  const serving = (await stage.api.generator()).status?.stableImage
  // Was stable once: the same revision as then comes back, by the same way as a new one.
  const former = serving === 'idgen:next' ? LOCAL_IMAGES.idgen : 'idgen:next'
  await stage.unnoticed(async () => {
    await roll(stage, former, { hold: '1h' })
    await atWeight(stage, 5, 'Hold')
    await stage.plugin('pause', GENERATOR)
    await atWeight(stage, 5, 'User')
    await stage.plugin('resume', GENERATOR)
    await atWeight(stage, 5, 'Hold')
    await stage.plugin('promote', GENERATOR)
    await atWeight(stage, 50, 'Hold')
    await stage.plugin('abort', GENERATOR, '--yes')
    await until('the aborted rollout rolled back', 60, async () => (await state(stage)) === 'RolledBack')
    await stage.plugin('retry', GENERATOR)
    await atWeight(stage, 5, 'Hold')
    await stage.plugin('promote', GENERATOR, '--full', '--yes')
    await until('everything promoted at once', 120, async () => (await state(stage)) === 'Promoted')
    await stage.settled()
  })
  const annotations = (await stage.api.generator()).metadata.annotations ?? {}
  const left = Object.keys(annotations).filter((name) => name.startsWith('idgen.io/'))
  assert.deepEqual(left, [], 'commands that were obeyed are taken away')
}

async function state({ api }: Stage): Promise<string | undefined> {
  return (await api.generator()).status?.rollout?.state
}

async function atWeight(stage: Stage, weight: number, pause: string): Promise<void> {
  await until(`${weight} % and waiting (${pause})`, 120, async () => {
    const rollout = (await stage.api.generator()).status?.rollout
    return rollout?.desiredWeight === weight && rollout.pause?.reason === pause
  })
}

export async function scaling(stage: Stage): Promise<void> {
  const { api } = stage
  const scaled = async (replicas: number): Promise<void> => {
    await kubectl(['scale', `idg/${GENERATOR}`, `--replicas=${replicas}`, `--namespace=${NAMESPACE}`])
    const tookMs = await until(`${replicas} pods`, 120, async () => {
      const { status } = await api.generator()
      return status?.readyReplicas === replicas && status.replicas === replicas
    })
    measured(`kubectl scale to ${replicas}`, seconds(tookMs))
    const row = await kubectl(['get', 'idg', GENERATOR, `--namespace=${NAMESPACE}`])
    assert.match(row, new RegExp(` ${replicas}/${replicas} `))
  }
  await stage.unnoticed(async () => {
    await scaled(5)
    await scaled(2)
    await scaled(3)
  })
}
