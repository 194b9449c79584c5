import { setTimeout as pause } from 'node:timers/promises'
import { say } from '../../scripts/cluster/progress.ts'
import { OPERATOR_NAMESPACE } from './evidence.ts'
import { type KubeApi, POD, type Pod } from './kube-api.ts'
import { endOperator, leader, podOf } from './operator-pods.ts'

/**
 * Ends an operator every so often until it is stopped: the one that leads and the one that waits, in turn. A successor
 * needs 15 s, so if it were always the leader, nobody would lead long enough for a judgement of a canary, which would
 * stand still.
 */
export class OperatorKiller {
  readonly #api: KubeApi
  readonly #everyMs: number
  readonly #end = new AbortController()
  #loop: Promise<void> = Promise.resolve()
  kills = 0

  constructor(api: KubeApi, everyMs: number) {
    this.#api = api
    this.#everyMs = everyMs
  }

  start(): void {
    this.#loop = this.#run()
  }

  async stop(): Promise<void> {
    this.#end.abort()
    await this.#loop
  }

  async #run(): Promise<void> {
    const { signal } = this.#end
    for (let turn = 0; !signal.aborted; turn += 1) {
      try {
        await this.#kill(turn % 2 === 0)
      } catch (thrown) {
        say(`    no operator was killed this time: ${String(thrown)}`)
      }
      await pause(this.#everyMs, undefined, { signal }).catch(() => {})
    }
  }

  async #kill(theLeader: boolean): Promise<void> {
    const leading = podOf(await leader(this.#api))
    const pods = await this.#api.list<Pod>(POD, OPERATOR_NAMESPACE, 'app.kubernetes.io/component=operator')
    const chosen = pods.find(({ metadata }) => (metadata.name === leading) === theLeader)
    if (chosen === undefined) return
    await endOperator(this.#api, chosen.metadata.name, 'SIGKILL')
    this.kills += 1
  }
}
