// Runs beside others: it waits until every panel has data, however long that takes.

import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { temporaryFolder } from '../fixtures/temporary-folder.ts'
import { choiceQueries, panelQueries } from '../integration/dashboard-queries.ts'
import { withoutPrograms } from '../integration/watch-programs.ts'
import { PrometheusServer } from '../integration/watch-servers.ts'
import { until } from './cluster-world.ts'
import { installDefinitions } from './custom-resources.ts'
import { type Fault, FaultProxy, type SeenRequest } from './fault-proxy.ts'
import { GeneratorWorld, told } from './generator-world.ts'
import { KubeApi } from './kube-api.ts'
import { missingPrograms } from './kube-programs.ts'

const missing =
  missingPrograms('kube-apiserver', 'kube-controller-manager') ?? (withoutPrograms('prometheus') || undefined)
/** A rate needs some scrapes, one a second. */
const WINDOW = '30s'
const LOOKS_MAX = 90

// A group that is left out says nothing; a test says why.
if (missing !== undefined) test('the panels of the operator', { skip: missing }, () => {})

describe('the panels of the operator', { skip: missing !== undefined }, () => {
  let api: KubeApi
  let proxy: FaultProxy
  let world: GeneratorWorld | undefined
  before(async () => {
    api = await KubeApi.start()
    await api.startControllers()
    await installDefinitions(api.client())
    proxy = await FaultProxy.start(api)
  })
  after(async () => {
    await world?.close()
    await proxy?.close()
    await api?.close()
  })

  test('have data, all of them, while an operator sees to an IdGenerator and its API server fails now and then', async (t) => {
    world = await GeneratorWorld.start(api)
    const operator = await world.startOperator({ KUBECONFIG: await api.kubeconfig(proxy.url) })
    await world.applyGenerator()
    await world.becomes('it is ready', (it) => told(it, 'Ready') === 'True Ready')
    await until('its metrics are told', async () => (await operator.ask('/metrics'))?.status === 200)
    const prometheus = await PrometheusServer.start(t, {
      folder: temporaryFolder('idgen-operator-panels-'),
      config: {
        global: { scrape_interval: '1s' },
        scrape_configs: [{ job_name: 'operator', static_configs: [{ targets: [operator.host] }] }],
      },
    })
    proxy.fault = nowAndThen()
    const asked = [
      ...panelQueries(WINDOW).filter(({ dashboard }) => dashboard === 'operator'),
      ...choiceQueries().filter(({ name }) => name.startsWith('operator')),
    ]
    assert.ok(asked.length > 12, `only ${asked.length}`)
    let empty: string[] = []
    for (let looks = 0; looks < LOOKS_MAX; looks += 1) {
      proxy.resetWatches()
      await delay(1000)
      const answers = await Promise.all(asked.map(({ expr }) => prometheus.query(expr)))
      empty = asked
        .filter((_, i) => !answers[i]?.some(({ value: [, text] }) => text !== 'NaN'))
        .map(({ name }) => name)
      if (empty.length === 0) break
    }
    assert.deepEqual(empty, [])
  })
})

/** Every other list fails; of watches some fail, and some are told that what they begin at is gone, so that lists follow. */
function nowAndThen(): (seen: SeenRequest) => Fault | undefined {
  let lists = 0
  let watches = 0
  return ({ method, watch, query }) => {
    if (method !== 'GET') return undefined
    if (watch) {
      watches += 1
      if (watches % 3 === 1) return { kind: 'answer', status: 500 }
      return watches % 3 === 2 ? { kind: 'answer', status: 410 } : undefined
    }
    if (!query.has('limit')) return undefined
    lists += 1
    return lists % 2 === 1 ? { kind: 'answer', status: 503 } : undefined
  }
}
