import { ID_GENERATOR, type IdGenerator } from '../api/kinds.ts'
import { sleep } from '../runtime/clock.ts'
import { isStatus } from '../runtime/kube-client.ts'
import { objectPath } from '../runtime/resource.ts'
import { type CommandOutcome, commandOutcome } from './command-outcome.ts'
import { explained, PluginError } from './plugin-error.ts'
import type { PluginWorld } from './plugin-world.ts'
import { readEvents, readGenerator } from './read-generator.ts'
import { type AlreadySo, type CommandVerb, type PlannedCommand, planCommand } from './rollout-command.ts'

export interface CommandRequest {
  readonly verb: CommandVerb
  readonly name: string
  /** For retry. */
  readonly revision: string | undefined
  /** Ask nothing. */
  readonly yes: boolean
  readonly json: boolean
}

/** Writes the command, waits until the operator took it, and says what came of it. */
export async function runCommand(world: PluginWorld, request: CommandRequest): Promise<void> {
  const { screen, flags } = world
  const first = await readGenerator(world, request.name)
  const planned = plan(world, request, first)
  if ('alreadySo' in planned) {
    const { verb } = request
    screen.write(
      request.json ? jsonText({ command: verb, message: planned.alreadySo }) : `${planned.alreadySo}\n`,
    )
    return
  }
  await confirm(world, request, planned)
  const before = await write(world, request, planned, first)
  const { generator, outcome } = await outcomeOf(world, planned, before)
  if (!outcome.effective) throw await ignored(world, request.name, planned, outcome)
  if (request.json) {
    const { verb: command, revision } = planned
    const { message } = outcome
    screen.write(jsonText({ command, revision, message, rollout: generator.status?.rollout }))
    return
  }
  screen.write(`${outcome.message}\n`)
  if (planned.note !== undefined) screen.write(`${planned.note}\n`)
  screen.tell(`Follow it with: kubectl idgen status ${request.name}${flags} --watch\n`)
}

function plan(
  { flags }: PluginWorld,
  { verb, revision }: CommandRequest,
  generator: IdGenerator,
): PlannedCommand | AlreadySo {
  return planCommand(verb, { generator, flags, ...(revision === undefined ? {} : { revision }) })
}

async function confirm(
  { screen }: PluginWorld,
  { yes }: CommandRequest,
  { question }: PlannedCommand,
): Promise<void> {
  if (question === undefined || yes) return
  if (screen.ask === undefined) throw new PluginError(`${question} Nobody can be asked here: add --yes.`)
  if (!(await screen.ask(question))) throw new PluginError('Nothing was changed.')
}

/** Only onto the state that the command was planned from; answers with that state. */
async function write(
  world: PluginWorld,
  request: CommandRequest,
  planned: PlannedCommand,
  first: IdGenerator,
): Promise<IdGenerator> {
  let generator = first
  for (let attempt = 0; attempt < WRITES_MAX; attempt += 1) {
    try {
      await annotate(world, generator, planned)
      return generator
    } catch (thrown) {
      if (!isStatus(thrown, 409))
        throw explained(thrown, `patch IdGenerators in namespace ${world.namespace}`)
    }
    // The status changes all the time; the command still stands if it would be the same.
    generator = await readGenerator(world, request.name)
    const again = plan(world, request, generator)
    if ('alreadySo' in again) throw new PluginError(`Nothing was changed. ${again.alreadySo}`)
    if (again.revision !== planned.revision)
      throw new PluginError(
        `Nothing was changed: meanwhile it is about revision ${again.revision}, no longer ${planned.revision}. Look again: kubectl idgen status ${request.name}${world.flags}`,
      )
  }
  throw new PluginError('Nothing was changed: the object was changed by others all the time. Try again.')
}

async function annotate(
  { client, namespace }: PluginWorld,
  { metadata }: IdGenerator,
  { annotation: [name, value] }: PlannedCommand,
): Promise<void> {
  await client.send({
    method: 'PATCH',
    path: objectPath(ID_GENERATOR, `${namespace}/${metadata.name}`),
    query: { fieldManager: 'kubectl-idgen' },
    contentType: 'application/merge-patch+json',
    body: { metadata: { resourceVersion: metadata.resourceVersion, annotations: { [name]: value } } },
  })
}

async function outcomeOf(
  world: PluginWorld,
  planned: PlannedCommand,
  before: IdGenerator,
): Promise<{ readonly generator: IdGenerator; readonly outcome: CommandOutcome }> {
  const { clock, screen, namespace } = world
  const startMs = clock.monotonicMs()
  for (;;) {
    const generator = await readGenerator(world, before.metadata.name)
    const outcome = commandOutcome(planned, before, generator)
    const waitedMs = clock.monotonicMs() - startMs
    if (outcome !== undefined || waitedMs >= TAKEN_WITHIN_MS) {
      screen.progress('')
      if (outcome !== undefined) return { generator, outcome }
      throw new PluginError(
        `The operator did not take it within ${TAKEN_WITHIN_MS / 1000} s. It stays written and counts as soon as the operator runs. ` +
          `Look at its pods (kubectl get pods -A -l app.kubernetes.io/component=operator), or take it back: ` +
          takeBack(planned, before.metadata.name, namespace),
      )
    }
    screen.progress(`Waiting for the operator: ${Math.round(waitedMs / 1000)} s`)
    await sleep(clock, LOOK_EVERY_MS, NEVER)
  }
}

function takeBack(
  { annotation: [name, value], revision }: PlannedCommand,
  generator: string,
  namespace: string,
): string {
  return `kubectl annotate -n ${namespace} idg/${generator} ${value === null ? `${name}=${revision}` : `${name}-`}`
}

/** The operator says why in an event, which comes a moment after. */
async function ignored(
  world: PluginWorld,
  name: string,
  { verb, revision }: PlannedCommand,
  { message }: CommandOutcome,
): Promise<PluginError> {
  const told = await readEvents(world, name).catch(() => undefined)
  const why = told?.events.find(
    ({ reason, note }) => reason === 'RolloutCommandIgnored' && note.includes(`${verb}=${revision}`),
  )
  return new PluginError(`The operator did not follow. ${why === undefined ? message : why.note}`)
}

export function jsonText(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`
}

/** Each time somebody else wrote in between. */
const WRITES_MAX = 5
/** The operator needs well below a second; its successor after a crash 20 s. */
const TAKEN_WITHIN_MS = 30_000
const LOOK_EVERY_MS = 500
const NEVER = new AbortController().signal
