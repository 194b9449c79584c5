import type { IdGeneratorStatusCondition } from '../api/generated/id-generator.ts'
import type { ConditionFact } from '../core/rollout-decision.ts'
import { printTimestamp } from '../core/timestamp.ts'
import type { GeneratorFacts } from './generator-facts.ts'

interface Fact {
  readonly status: 'True' | 'False' | 'Unknown'
  readonly reason: string
  readonly message: string
}

type Found = Readonly<Record<string, Fact>>

/**
 * The conditions, in an order that never changes. Ready says whether what the spec asks for is in force, or safely on
 * its way; Available whether IDs are served at all. Reconciling and Stalled are there only while they hold. The same
 * facts give the same text, because another text is a write.
 */
export function generatorConditions(facts: GeneratorFacts): readonly IdGeneratorStatusCondition[] {
  const before = facts.generator.status?.conditions ?? []
  const found: Found = {
    Available: available(facts),
    ...(facts.credentials === undefined ? {} : { CredentialsValid: credentials(facts) }),
    ...(facts.migration === undefined ? {} : { DatabaseReady: database(facts) }),
    ...rollout(facts),
  }
  const kept = (type: string): Fact | undefined => found[type] ?? before.find((one) => one.type === type)
  const ready = readiness(facts)
  const all: Record<string, Fact | undefined> = {
    Ready: ready,
    Available: found['Available'],
    DatabaseReady: kept('DatabaseReady') ?? UNKNOWN,
    CredentialsValid: kept('CredentialsValid') ?? UNKNOWN,
    RolloutProgressing: kept('RolloutProgressing') ?? UNKNOWN,
    RolloutHealthy: kept('RolloutHealthy') ?? UNKNOWN,
    Paused: paused(facts) ?? kept('Paused') ?? UNKNOWN,
    Reconciling: reconciling(facts, ready),
    Stalled: stalled(facts, ready),
  }
  return Object.entries(all).flatMap(([type, fact]) => (fact === undefined ? [] : [timed(facts, type, fact)]))
}

/** The time is that of the last change of the status, and of nothing else. */
function timed(
  { generator, nowMs }: GeneratorFacts,
  type: string,
  { status, reason, message }: Fact,
): IdGeneratorStatusCondition {
  const before = generator.status?.conditions?.find((one) => one.type === type)
  return {
    type,
    status,
    reason,
    message,
    lastTransitionTime: before?.status === status ? before.lastTransitionTime : printTimestamp(nowMs),
    ...(generator.metadata.generation === undefined
      ? {}
      : { observedGeneration: generator.metadata.generation }),
  }
}

function available({ generator, pods }: GeneratorFacts): Fact {
  if (pods.available > 0) return yes('PodsAvailable', `${pods.available} pods serve.`)
  return generator.spec.replicas === 0
    ? no('ScaledToZero', 'No pods are wanted: spec.replicas is 0.')
    : no('NoPodAvailable', 'No pod is available, so no IDs are served.')
}

function credentials({ credentials: found }: GeneratorFacts): Fact {
  const missing = found?.missing ?? []
  return missing.length === 0
    ? yes('Complete', 'All Secrets that pods need are there.')
    : no('SecretMissing', missing.join(' '))
}

function database({ migration }: GeneratorFacts): Fact {
  switch (migration?.state) {
    case 'Done':
      return yes('Migrated', 'The migrations of this revision ran.')
    case 'NotManaged':
      return yes('NotManaged', 'spec.database.migrate is false: you run "idgen migrate" yourself.')
    case 'Running':
      return no(
        'MigrationRunning',
        `The migration Job runs; pods of the revision start after it${because(migration.message)}.`,
      )
    case 'GivenUp':
      return no('MigrationGivenUp', 'The migrations of this revision did not end, and it is blocked.')
    case 'Failed':
      return no(
        'MigrationFailed',
        `The migration Job failed (attempt ${migration.attempt}) and is made again: ${migration.message ?? ''}. Read the log of its pod: is the database reachable, does the URL in spec.database.secret hold?`,
      )
    case 'Waiting':
    case undefined:
      return {
        status: 'Unknown',
        reason: 'WaitingForCredentials',
        message: 'The migration Job waits for Secrets.',
      }
  }
}

function because(message: string | undefined): string {
  return message === undefined ? '' : ` (${message})`
}

function rollout({ rollout: decided }: GeneratorFacts): Found {
  if (decided === undefined) return {}
  const { progressing, healthy, paused: waits } = decided.conditions
  return { RolloutProgressing: fact(progressing), RolloutHealthy: fact(healthy), Paused: fact(waits) }
}

function paused({ obstacle }: GeneratorFacts): Fact | undefined {
  return obstacle?.reason === 'Suspended' ? yes('Suspended', obstacle.message) : undefined
}

function readiness(facts: GeneratorFacts): Fact {
  const { generator, obstacle, pods } = facts
  const trouble = troubleOf(facts)
  if (trouble !== undefined) return trouble
  const { replicas } = generator.spec
  if (pods.available < replicas) {
    const failing = facts.revisions.find((one) => one.failing !== undefined)?.failing
    const why = failing === undefined ? '' : ` (${failing.reason}: ${failing.message})`
    return no(
      pods.available === 0 ? 'NoPodAvailable' : 'PodsNotReady',
      `${pods.available} of ${replicas} pods are available${why}.`,
    )
  }
  const stuck = stuckRestart(facts)
  if (stuck !== undefined) return stuck
  if (obstacle !== undefined) return yes(obstacle.reason, obstacle.message)
  if (facts.migration?.state === 'Running') return yes('Migrating', 'The migrations of a new revision run.')
  const { progressing, healthy, paused: waits } = facts.rollout?.conditions ?? {}
  if (healthy?.status === false) return yes(healthy.reason, healthy.message)
  if (waits?.status === true) return yes(waits.reason, waits.message)
  if (progressing?.status === true) return yes('RollingOut', progressing.message)
  if (replicas === 0) return yes('ScaledToZero', 'No pods are wanted: spec.replicas is 0.')
  return yes('Ready', `${pods.available} of ${replicas} pods are available.`)
}

/** Old pods serve on until new ones are ready: of a Secret with a wrong password nothing else would tell. */
function stuckRestart({ revisions, rollout: decided }: GeneratorFacts): Fact | undefined {
  const found = revisions.find(
    ({ revision, replicas, failing }) =>
      failing !== undefined && replicas > 0 && revision === decided?.status.stableRevision,
  )
  if (found?.failing === undefined) return undefined
  const { reason, message } = found.failing
  return no(
    'PodsFailing',
    `As many pods serve as are wanted, but others do not come up (${reason}: ${message}).`,
  )
}

/** What keeps the spec from being in force, whatever pods there are. */
function troubleOf(facts: GeneratorFacts): Fact | undefined {
  const { obstacle, migration, applyFailure } = facts
  if (obstacle !== undefined && obstacle.reason !== 'Suspended') return no(obstacle.reason, obstacle.message)
  if ((facts.credentials?.missing.length ?? 0) > 0) return credentials(facts)
  if (applyFailure !== undefined) return no('ApplyFailed', applyFailure)
  if (migration?.state === 'Failed') return database(facts)
  if (migration?.state === 'Running' && facts.pods.available === 0) return database(facts)
  const blocked = blockedMessage(facts)
  return blocked === undefined ? undefined : no('RolledBack', blocked)
}

/** Whether the revision that spec asks for was given up. */
function blockedMessage({ rollout: decided }: GeneratorFacts): string | undefined {
  if (decided === undefined) return undefined
  const { healthy } = decided.conditions
  const blocked = decided.status.blockedRevisions ?? []
  const isBlocked = blocked.some(({ reason }) => reason === healthy.reason)
  return !healthy.status && (isBlocked || healthy.reason === 'StableRevisionLost')
    ? healthy.message
    : undefined
}

/** kstatus: there is something to wait for. */
function reconciling(facts: GeneratorFacts, ready: Fact): Fact | undefined {
  if (facts.obstacle !== undefined || stalled(facts, ready) !== undefined) return undefined
  const moves = facts.rollout?.conditions.progressing.status === true || facts.migration?.state === 'Running'
  return ready.status === 'False' || moves ? yes(ready.reason, ready.message) : undefined
}

/** kstatus: it does not go on before somebody changes something. */
function stalled(facts: GeneratorFacts, ready: Fact): Fact | undefined {
  const { obstacle } = facts
  if (obstacle !== undefined && obstacle.reason !== 'Suspended') return yes(obstacle.reason, obstacle.message)
  return ready.reason === 'RolledBack' ? yes(ready.reason, ready.message) : undefined
}

function fact({ status, reason, message }: ConditionFact): Fact {
  return status ? yes(reason, message) : no(reason, message)
}

function yes(reason: string, message: string): Fact {
  return { status: 'True', reason, message }
}

function no(reason: string, message: string): Fact {
  return { status: 'False', reason, message }
}

const UNKNOWN: Fact = { status: 'Unknown', reason: 'NotLookedAt', message: 'Nothing was decided yet.' }
