import { type Finding, verdictOf, warning } from '../core/finding.ts'
import type { Clock } from '../ports/clock.ts'
import type { Readiness, Trouble } from './readiness.ts'

/** How this process is, for people (/status): what `idgen doctor` finds from outside, seen from inside. */
export interface StatusReport {
  readonly state: 'well' | 'troubled' | 'unable' | 'stopping'
  /** The state in one sentence. */
  readonly summary: string
  readonly instance: string
  readonly version: string
  readonly dataCentre: number
  /** Who runs the data centre: datacenter.installation, or the identity of the database. Left out by tests. */
  readonly installation?: string
  /** Where it listens, by protocol (http, https, grpc, resp, metrics); none until it does. */
  readonly ports: Readonly<Record<string, number>>
  /** Unix milliseconds. */
  readonly nowMs: number
  readonly upMs: number
  readonly findings: readonly Finding[]
}

export interface InstanceStatusOptions {
  readonly readiness: Pick<Readiness, 'report'>
  readonly clock: Clock
  readonly instance: string
  readonly version: string
  readonly dataCentre: number
  readonly installation?: string
}

export class InstanceStatus {
  readonly #options: InstanceStatusOptions
  readonly #startedMs: number
  readonly #sources: (() => readonly Finding[])[] = []
  #ports: Readonly<Record<string, number>> = {}

  constructor(options: InstanceStatusOptions) {
    this.#options = options
    this.#startedMs = options.clock.monotonicMs()
  }

  /** Also tells what this one says, from now on. */
  watch(source: () => readonly Finding[]): void {
    this.#sources.push(source)
  }

  /** Tells where it listens. */
  listensOn(ports: Readonly<Record<string, number>>): void {
    this.#ports = ports
  }

  read(): StatusReport {
    const { readiness, clock, instance, version, dataCentre, installation } = this.#options
    const { ready, draining, degraded } = readiness.report()
    const troubles = degraded.map(troubleFinding)
    const named = new Set(degraded.map(({ what }) => what))
    const others = this.#sources.flatMap((source) => source()).filter(({ what }) => !named.has(what))
    const findings = [...troubles, ...others].toSorted((a, b) => rank(a) - rank(b))
    const state = draining
      ? 'stopping'
      : !ready
        ? 'unable'
        : verdictOf(findings) === 'ok'
          ? 'well'
          : 'troubled'
    const upMs = Math.round(clock.monotonicMs() - this.#startedMs)
    return {
      state,
      summary: SUMMARIES[state],
      instance,
      version,
      dataCentre,
      ...(installation !== undefined && { installation }),
      ports: this.#ports,
      nowMs: clock.nowMs(),
      upMs,
      findings,
    }
  }
}

const SUMMARIES: Readonly<Record<StatusReport['state'], string>> = {
  well: 'All is well.',
  troubled: 'IDs are served, and something needs a look.',
  unable: 'No tag can be served now.',
  stopping: 'This process is about to stop and takes no new work.',
}

/** What is worst stands first. */
function rank({ verdict }: Finding): number {
  return ['bad', 'warning', 'ok'].indexOf(verdict)
}

function troubleFinding({ what, why }: Trouble): Finding {
  const kind = what.split(' ', 1)[0] ?? ''
  return warning(what, why, ADVICE[what] ?? ADVICE[kind] ?? 'The log of this process says more.')
}

/** By what is troubled, or its first word. */
const ADVICE: Readonly<Record<string, string>> = {
  database:
    'Bring the database back: IDs go on from open grants until those end. "idgen doctor" says why it is away.',
  snowflake:
    'Snowflake tags use the next algorithm of their chain meanwhile. Look at what is named: worker ids, clock, store.',
  'time grant':
    'Snowflakes go on until it ends. Bring back the store that grants time: etcd, or the database where there is none; or correct the clock that is named.',
  etcd: 'Bring etcd back: tags do not change, and numbers are granted only up to the promised ceiling.',
  witness: 'Bring etcd back: numbers are granted only up to the promised ceiling.',
  copies: 'Bring the database back: until the copies are current a restored etcd could repeat a window.',
  redis: 'Nothing is lost, IDs come from the database. Look at Redis.',
  'data centre': 'Another installation claims this data centre: docs/data-centres.md.',
  tag: 'It comes back by itself when its first algorithm can serve again.',
  protocol: 'A new thread takes its place. If it goes on, the log says why they end.',
}
