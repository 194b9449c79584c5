import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Controller } from './controller.ts'
import { EventRecorder } from './event-recorder.ts'
import { KubeError, type KubeRequest } from './kube-client.ts'
import { LeaderElector } from './leader-elector.ts'
import { ManualClock, settle } from './manual-clock.ts'
import { RuntimeMetrics } from './metrics.ts'
import { OperatorRuntime } from './operator-runtime.ts'
import { Reflector } from './reflector.ts'
import { keptLog, ScriptedKube, THINGS, type Thing, thing } from './scripted-kube.ts'

function world() {
  const kube = new ScriptedKube()
  const clock = new ManualClock()
  const metrics = new RuntimeMetrics()
  const { log } = keptLog()
  const order: string[] = []
  const server = { down: false, others: Promise.resolve<Thing[]>([]), workMs: 0 }
  let version = 0
  kube.answer = async ({ method, path, body }: KubeRequest) => {
    if (server.down) throw new KubeError('down', 0)
    if (path.endsWith('/things')) return { metadata: { resourceVersion: '1' }, items: [thing('a', '1')] }
    if (path.endsWith('/others')) return { metadata: { resourceVersion: '1' }, items: await server.others }
    if (method === 'GET') throw new KubeError('none', 404)
    version += 1
    const { spec } = body as { spec: { holderIdentity: string } }
    order.push(`lease of "${spec.holderIdentity}"`)
    return { metadata: { resourceVersion: String(version) }, spec }
  }
  const controller = new Controller({
    name: 'things',
    clock,
    metrics,
    log,
    reconcile: async (key) => {
      order.push(`begin ${key}`)
      await new Promise<void>((resolve) => clock.after(server.workMs, resolve))
      order.push(`end ${key}`)
      return undefined
    },
  })
  const random = (): number => 0.5
  const reflector = new Reflector<Thing>({
    client: kube,
    clock,
    random,
    resource: THINGS,
    onChange: ({ key }) => controller.enqueue(key),
  })
  const others = new Reflector<Thing>({
    client: kube,
    clock,
    random,
    resource: { ...THINGS, kind: 'Other', plural: 'others' },
    onChange: () => {},
  })
  const elector = new LeaderElector({
    client: kube,
    clock,
    random,
    log,
    namespace: 'ns',
    name: 'l',
    identity: 'me',
  })
  const recorder = new EventRecorder({
    client: kube,
    clock,
    log,
    controller: 'c',
    instance: 'i',
    newId: () => 'x',
  })
  const runtime = new OperatorRuntime({
    log,
    metrics,
    name: 'l',
    elector,
    recorder,
    reflectors: [reflector, others],
    controllers: [controller],
  })
  return { kube, clock, order, server, runtime, reflector, metrics, abort: new AbortController() }
}

describe('operator runtime', () => {
  test('it leads, reconciles, and gives the lease back only when nothing runs any more', async () => {
    const { clock, order, server, runtime, abort } = world()
    server.workMs = 3000
    const run = runtime.run(abort.signal)
    await clock.advance(1000)
    assert.equal(runtime.phase, 'leading')
    abort.abort()
    await clock.advance(5000)
    assert.equal(await run, 'stopped')
    assert.deepEqual(order, ['lease of "me"', 'begin ns/a', 'lease of "me"', 'end ns/a', 'lease of ""'])
    assert.equal(clock.pending, 0)
  })

  test('nobody reconciles before all lists are there', async () => {
    const { clock, order, server, runtime, abort } = world()
    const list = Promise.withResolvers<Thing[]>()
    server.others = list.promise
    const run = runtime.run(abort.signal)
    await clock.advance(7000)
    assert.equal(runtime.phase, 'leading')
    assert.equal(runtime.status().unready(), 'not listed yet: Other')
    assert.ok(!order.includes('begin ns/a'))
    list.resolve([])
    await clock.advance(10)
    assert.ok(order.includes('end ns/a'))
    assert.equal(runtime.status().unready(), undefined)
    abort.abort()
    await clock.advance(10)
    assert.equal(await run, 'stopped')
  })

  test('losing the lease ends it, without giving back what it no longer has', async () => {
    const { clock, order, server, runtime, reflector, metrics, abort } = world()
    const run = runtime.run(abort.signal)
    await clock.advance(1000)
    assert.match((await metrics.scrape()).text, /leader_election_master_status\{name="l"\} 1/)
    server.down = true
    await clock.advance(12_000)
    assert.equal(await run, 'lost')
    assert.ok(!order.includes('lease of ""'))
    assert.equal(reflector.state, 'stopped')
    assert.match((await metrics.scrape()).text, /leader_election_master_status\{name="l"\} 0/)
    assert.equal(runtime.status().unready(), 'the operator is ended')
  })

  test('a standby that never reaches the server is not ready, and ends when told', async () => {
    const { clock, server, runtime, abort } = world()
    server.down = true
    const run = runtime.run(abort.signal)
    await clock.advance(60_000)
    assert.equal(runtime.phase, 'standby')
    assert.match(runtime.status().unready() ?? '', /the lease was not seen lately/)
    assert.equal(runtime.status().unwell(), undefined)
    abort.abort()
    await settle()
    assert.equal(await run, 'stopped')
    assert.equal(clock.pending, 0)
  })
})
