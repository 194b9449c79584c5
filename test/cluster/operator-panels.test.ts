// Runs beside others: each panel has a minute and a half in which to show data once.

import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { temporaryFolder } from '../fixtures/temporary-folder.ts'
import { savePictures } from '../integration/dashboard-pictures.ts'
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
const PICTURE_SECONDS = 60

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
    const empty = new Map(asked.map(({ name, expr }) => [name, expr]))
    for (let looks = 0; looks < LOOKS_MAX && empty.size > 0; looks += 1) {
      proxy.resetWatches()
      await delay(1000)
      for (const [name, expr] of empty) {
        const series = await prometheus.query(expr)
        if (series.some(({ value: [, text] }) => text !== 'NaN')) empty.delete(name)
      }
    }
    assert.deepEqual([...empty.keys()], [])
    if (process.env['SAVE_PICTURES'] === '1') {
      const sinceMs = performance.now()
      await live(world, proxy)
      const scene = 'An operator before an API server that fails now and then'
      await savePictures(prometheus, ['operator'], Math.ceil((performance.now() - sinceMs) / 1000), scene)
    }
  })
})

/** More pods, fewer, and a server that loses its watches in between, which are not there again at once. */
async function live(world: GeneratorWorld, proxy: FaultProxy): Promise<void> {
  const pauseMs = (PICTURE_SECONDS * 1000) / 4
  await delay(pauseMs)
  await world.applyGenerator({ replicas: 5 })
  await world.becomes('it has more pods', ({ status }) => status?.readyReplicas === 5)
  await delay(pauseMs)
  proxy.resetWatches()
  await delay(pauseMs)
  await world.applyGenerator({ replicas: 3 })
  await world.becomes('it has fewer pods', ({ status }) => status?.replicas === 3)
  await delay(pauseMs)
}

/** Of each kind every other list fails; of watches some fail, and some are told that what they begin at is gone: a list follows. */
function nowAndThen(): (seen: SeenRequest) => Fault | undefined {
  const counts = new Map<string, number>()
  const counted = (what: string): number => {
    const count = (counts.get(what) ?? 0) + 1
    counts.set(what, count)
    return count
  }
  return ({ method, path, watch, query }) => {
    if (method !== 'GET') return undefined
    if (watch) {
      const turn = counted(`watch ${path}`) % 3
      if (turn === 0) return undefined
      return { kind: 'answer', status: turn === 1 ? 500 : 410 }
    }
    if (!query.has('limit')) return undefined
    return counted(`list ${path}`) % 2 === 1 ? { kind: 'answer', status: 503 } : undefined
  }
}
