import type { Prng } from '../world/prng.ts'
import type { World } from '../world/world.ts'
import { Backups } from './backups.ts'
import { CLOCK_FAULTS } from './clock-faults.ts'
import { ETCD_FAULTS } from './etcd-faults.ts'
import type { Fault } from './fault.ts'
import { NETWORK_FAULTS } from './network-faults.ts'
import { POSTGRES_FAULTS } from './postgres-faults.ts'
import { PROCESS_FAULTS } from './process-faults.ts'
import { REDIS_FAULTS } from './redis-faults.ts'

/**
 * Brings about faults, one after another and many at once. Each seed has its own few kinds: where all of them come all
 * the time, most of them hide behind the others and nothing gets far.
 */
export class FaultPlan {
  readonly #world: World
  readonly #random: Prng
  readonly #backups = new Backups()
  readonly #kinds: readonly Fault[]
  readonly #everyMs: number
  readonly #active = new Set<() => void>()
  #over = false

  /** `only`: names of the kinds to choose from; default: all that the installation can have. */
  constructor(world: World, random: Prng, only?: RegExp) {
    this.#world = world
    this.#random = random
    const share = random.between(0.15, 0.7)
    const possible = kindsFor(world)
    this.#kinds =
      only === undefined
        ? possible.filter(() => random.chance(share))
        : possible.filter(({ name }) => only.test(name))
    this.#everyMs = random.pick([400, 1000, 2500]) ?? 1000
  }

  start(): void {
    this.#backUp()
    this.#next()
  }

  /** The faults end: whatever is broken is whole again, and what is dead is started. */
  heal(): void {
    this.#over = true
    const { hosts, network, time } = this.#world
    for (const end of this.#active) end()
    network.heal()
    for (const host of hosts) {
      host.clock.correct()
      if (host.paused) host.resume()
    }
    time.after(RESTART_MS, () => {
      for (const host of hosts) if (!host.alive) this.#world.place(host).start()
    })
  }

  #backUp(): void {
    if (this.#over) return
    this.#backups.take(this.#world)
    this.#world.time.after(this.#random.wait(BACKUP_EVERY_MS), () => this.#backUp())
  }

  #next(): void {
    this.#world.time.after(this.#random.wait(this.#everyMs), () => {
      if (this.#over) return
      const kind = this.#random.pick(this.#kinds)
      if (kind !== undefined) this.#bringAbout(kind)
      this.#next()
    })
  }

  #bringAbout({ name, apply }: Fault): void {
    const { trace, tally, time } = this.#world
    const outcome = apply({ world: this.#world, random: this.#random, backups: this.#backups })
    if (outcome === 'impossible') return
    if (outcome === 'refused') return tally.add(`outside the promise, left out: ${name}`)
    tally.add(`fault: ${name}`)
    trace.note(`FAULT ${name}`)
    const { end } = outcome
    if (end === undefined) return
    const over = (): void => {
      if (!this.#active.delete(over)) return
      trace.note(`END   ${name}`)
      end()
    }
    this.#active.add(over)
    time.after(this.#random.wait(FAULT_MEAN_MS), over)
  }
}

function kindsFor({ installation }: World): readonly Fault[] {
  const { etcd, redis } = installation
  return [
    ...PROCESS_FAULTS,
    ...CLOCK_FAULTS,
    ...NETWORK_FAULTS,
    ...POSTGRES_FAULTS,
    ...(etcd ? ETCD_FAULTS : []),
    ...(redis ? REDIS_FAULTS : []),
  ]
}

const BACKUP_EVERY_MS = 4000
/** Some are over before anybody notices, some outlast leases and windows. */
const FAULT_MEAN_MS = 4000
const RESTART_MS = 500
