import assert from 'node:assert/strict'
import { setTimeout as pause } from 'node:timers/promises'
import type { ServiceProcess } from '../../fixtures/service-process.ts'
import { firstIdOfAll, meetTags } from '../first-ids.ts'
import type { Installation } from '../installation.ts'
import { FORM, type Scenario, type Stage } from '../scenario.ts'
import { workerIdOf } from '../worker-ids.ts'

/** The bar of the issue: a new pod after a SIGKILL issues within 5 s, its start included. */
const NEW_POD_MAX_MS = 5000

const KILLED: Scenario = {
  name: 'service-killed',
  title: 'a service is killed (SIGKILL) and a new one is started in its place',
  // What was under way in the killed process gets no answer.
  mayFail: ['cut off', 'not connected'],
  mayBeUnready: true,
  async inject(stage) {
    const { installation } = stage
    const killedMs = performance.now()
    await installation.end(installation.service(0), 'SIGKILL')
    const successor = await installation.launch(0)
    installation.services[0] = successor
    await firstIdOfAll(stage, successor, killedMs, NEW_POD_MAX_MS)
  },
}

/** Of the default installation. */
const SERVICES_IN_0 = 2

/** So that a lease is over in seconds; everything is in proportion to what an installation has by default. */
const SHORT_LEASE = {
  IDGEN_SNOWFLAKE_LEASE: '3s',
  IDGEN_SNOWFLAKE_RENEW_EVERY: '1s',
  IDGEN_SNOWFLAKE_WINDOW: '4s',
}
const LEASE = {
  IDGEN_SNOWFLAKE_LEASE: '10s',
  IDGEN_SNOWFLAKE_RENEW_EVERY: '3s',
  IDGEN_SNOWFLAKE_WINDOW: '10s',
}

/**
 * The zombie: it wakes up with requests in its sockets after somebody else has got its worker id. Only one id is left
 * for the two of them, so the successor must take that of the one that is asleep.
 */
const PAUSED: Scenario = {
  name: 'service-paused',
  title:
    'a holder of a worker id is stopped (SIGSTOP) past its lease, another takes the id, and the first goes on (SIGCONT)',
  installation: { workerIds: SERVICES_IN_0, environment: FORM === 'short' ? SHORT_LEASE : LEASE },
  holdS: FORM === 'short' ? 12 : 30,
  // All that was sent to the one that is asleep waits for it, and is answered by a zombie.
  answerLimitS: FORM === 'short' ? 20 : 45,
  mayFail: ['late', 'cut off', 'IDGEN_DEADLINE_EXCEEDED', 'IDGEN_UNAVAILABLE'],
  mayBeUnready: true,
  normalWithinS: 60,
  async inject(stage) {
    const { installation, measured } = stage
    const zombie = installation.service(0)
    const worker = await workerIdOf(zombie)
    zombie.pause()
    successors.set(stage, await installation.launch(0))
    measured.set('worker id of the paused process', String(worker))
  },
  async heal(stage) {
    const { installation, measured, load, issued } = stage
    const successor = successors.get(stage)
    assert.ok(successor !== undefined)
    const worker = await workerIdOf(successor)
    measured.set('worker id of its successor', String(worker))
    assert.equal(String(worker), measured.get('worker id of the paused process'), 'the id of the paused one')
    // Both stamp at the same time, if the fence lets them.
    await meetTags(stage, successor)
    installation.services.push(successor)
    installation.service(0).resume()
    await pause(ZOMBIE_MS)
    assert.ok(load.timeline.between(0, performance.now()).answered > 0 && issued.total > 0)
    await withdraw(installation, successor)
  },
}

const successors = new WeakMap<Stage, ServiceProcess>()
/** How long the two are asked side by side. */
const ZOMBIE_MS = 4000

/** Ends the successor, so that its worker id is free for the one that woke up. */
async function withdraw(installation: Installation, successor: ServiceProcess): Promise<void> {
  installation.services.splice(installation.services.indexOf(successor), 1)
  await installation.end(successor, 'SIGTERM')
}

/** Its window reaches further than its lease: it may stamp on when it wakes up, and nobody else may have begun there. */
const PAUSED_BRIEFLY: Scenario = {
  ...PAUSED,
  name: 'service-paused-inside-window',
  title: 'a holder is stopped past its lease and goes on inside its window, while another waits for the id',
  installation: {
    workerIds: SERVICES_IN_0,
    environment: { ...SHORT_LEASE, IDGEN_SNOWFLAKE_WINDOW: '30s' },
  },
  holdS: 8,
  answerLimitS: 20,
  async heal({ installation, measured }) {
    installation.service(0).resume()
    measured.set('worker id of its successor', 'none, the window is not over')
    await pause(ZOMBIE_MS)
    const successor = installation.launched.at(-1)
    if (successor !== undefined) await installation.end(successor, 'SIGTERM')
  },
}

export const PROCESS_SHORT: readonly Scenario[] = [KILLED, PAUSED]
export const PROCESS_LONG: readonly Scenario[] = [KILLED, PAUSED, PAUSED_BRIEFLY]
