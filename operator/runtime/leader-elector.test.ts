import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { KubeError, type KubeRequest } from './kube-client.ts'
import { LeaderElector } from './leader-elector.ts'
import { type LeaseSpec, microTime } from './lease.ts'
import { ManualClock, settle } from './manual-clock.ts'
import { keptLog, ScriptedKube } from './scripted-kube.ts'

interface LeaseBody {
  readonly metadata: { readonly resourceVersion?: string }
  readonly spec: LeaseSpec
}

/** One Lease with the rules of the API server. */
class LeaseServer {
  spec: LeaseSpec | undefined
  version = 0
  down = false
  writes = 0

  readonly answer = ({ method, body }: KubeRequest): unknown => {
    if (this.down) throw new KubeError('connection refused', 0)
    if (method === 'GET') {
      if (this.spec === undefined) throw new KubeError('not found', 404)
    } else {
      const { metadata, spec } = body as LeaseBody
      if (method === 'POST' && this.spec !== undefined) throw new KubeError('exists', 409)
      if (method === 'PUT' && metadata.resourceVersion !== String(this.version))
        throw new KubeError('changed', 409)
      this.write(spec)
    }
    return { metadata: { resourceVersion: String(this.version) }, spec: this.spec }
  }

  write(spec: LeaseSpec): void {
    this.spec = spec
    this.version += 1
    this.writes += 1
  }
}

function candidate(server: LeaseServer, clock: ManualClock, identity: string) {
  const client = new ScriptedKube()
  client.answer = server.answer
  const elector = new LeaderElector({
    client,
    clock,
    random: () => 0.5,
    log: keptLog().log,
    namespace: 'ns',
    name: 'operator',
    identity,
  })
  return { elector, client, abort: new AbortController() }
}

describe('leader elector', () => {
  test('without a lease the first one makes it and leads', async () => {
    const server = new LeaseServer()
    const clock = new ManualClock()
    const { elector, client, abort } = candidate(server, clock, 'a')
    assert.ok(!elector.leads)
    assert.ok(!elector.inTouch)
    assert.equal(await elector.acquire(abort.signal), true)
    assert.ok(elector.leads)
    assert.ok(elector.inTouch)
    assert.deepEqual(server.spec, {
      holderIdentity: 'a',
      leaseDurationSeconds: 15,
      acquireTime: '2026-01-01T00:00:00.000000Z',
      renewTime: '2026-01-01T00:00:00.000000Z',
      leaseTransitions: 0,
    })
    assert.match(client.sent.at(-1)?.path ?? '', /\/namespaces\/ns\/leases$/)
  })

  test('times have exactly six digits', () => {
    assert.equal(microTime(Date.UTC(2026, 0, 1, 0, 0, 0, 244)), '2026-01-01T00:00:00.244000Z')
  })

  test('it renews every two seconds and keeps when it was acquired', async () => {
    const server = new LeaseServer()
    const clock = new ManualClock()
    const { elector, abort } = candidate(server, clock, 'a')
    await elector.acquire(abort.signal)
    const held = elector.hold(abort.signal)
    await clock.advance(20_000)
    assert.equal(server.writes, 11)
    assert.equal(server.spec?.acquireTime, '2026-01-01T00:00:00.000000Z')
    assert.equal(server.spec?.renewTime, '2026-01-01T00:00:20.000000Z')
    abort.abort()
    assert.equal(await held, 'stopped')
    assert.equal(clock.pending, 0)
  })

  test('a standby takes over 15 s after the last renewal that it saw itself, and counts the change', async () => {
    const server = new LeaseServer()
    const clock = new ManualClock()
    const a = candidate(server, clock, 'a')
    await a.elector.acquire(a.abort.signal)
    const held = a.elector.hold(a.abort.signal)
    const b = candidate(server, clock, 'b')
    const taken = b.elector.acquire(b.abort.signal)
    await clock.advance(30_000)
    assert.ok(!b.elector.leads)
    // The leader is killed.
    a.client.answer = () => {
      throw new KubeError('dead', 0)
    }
    const killedMs = clock.monotonicMs()
    while (!b.elector.leads) await clock.advance(100)
    assert.equal(await taken, true)
    const tookMs = clock.monotonicMs() - killedMs
    assert.ok(tookMs >= 13_000 && tookMs < 20_000, String(tookMs))
    assert.equal(await held, 'lost')
    assert.equal(server.spec?.holderIdentity, 'b')
    assert.equal(server.spec?.leaseTransitions, 1)
    b.abort.abort()
  })

  test('times of the holder that are far off, or a duration of years, pin nothing', async () => {
    for (const leaseDurationSeconds of [15, 1_000_000_000]) {
      const server = new LeaseServer()
      const clock = new ManualClock()
      server.write({ holderIdentity: 'x', leaseDurationSeconds, renewTime: '2999-01-01T00:00:00.000000Z' })
      const { elector, abort } = candidate(server, clock, 'a')
      const taken = elector.acquire(abort.signal)
      await clock.advance(14_000)
      assert.ok(!elector.leads)
      await clock.advance(4000)
      assert.ok(elector.leads)
      assert.equal(await taken, true)
    }
  })

  test('a holder whose clock is far behind keeps what it renews', async () => {
    const server = new LeaseServer()
    const clock = new ManualClock()
    const { elector, abort } = candidate(server, clock, 'a')
    const taken = elector.acquire(abort.signal)
    for (let second = 0; second < 60; second += 2) {
      server.write({
        holderIdentity: 'x',
        leaseDurationSeconds: 15,
        renewTime: `1999-01-01T00:00:${String(second).padStart(2, '0')}.000000Z`,
      })
      await clock.advance(2000)
    }
    assert.ok(!elector.leads)
    abort.abort()
    assert.equal(await taken, false)
  })

  test('a leader that cannot renew stops after 10 s, before anybody else may start', async () => {
    const server = new LeaseServer()
    const clock = new ManualClock()
    const { elector, abort } = candidate(server, clock, 'a')
    await elector.acquire(abort.signal)
    const held = elector.hold(abort.signal)
    server.down = true
    await clock.advance(9000)
    assert.ok(elector.leads)
    await clock.advance(1000)
    assert.ok(!elector.leads)
    await clock.advance(2000)
    assert.equal(await held, 'lost')
    await clock.advance(3000)
    assert.ok(!elector.inTouch)
  })

  test('a server that never answers takes leadership as one that refuses does', async () => {
    const server = new LeaseServer()
    const clock = new ManualClock()
    const { elector, client, abort } = candidate(server, clock, 'a')
    await elector.acquire(abort.signal)
    const held = elector.hold(abort.signal)
    client.answer = () => new Promise(() => {})
    await clock.advance(10_000)
    assert.equal(await held, 'lost')
    assert.equal(clock.pending, 0)
  })

  test('a process that was stopped for a while does not lead when it goes on', async () => {
    const server = new LeaseServer()
    const clock = new ManualClock()
    const { elector, abort } = candidate(server, clock, 'a')
    await elector.acquire(abort.signal)
    const held = elector.hold(abort.signal)
    await settle()
    clock.freeze(60_000)
    assert.ok(!elector.leads)
    const writes = server.writes
    await clock.advance(0)
    assert.equal(await held, 'lost')
    assert.equal(server.writes, writes)
  })

  test('an answer that comes too late gives no leadership', async () => {
    const server = new LeaseServer()
    const clock = new ManualClock()
    const { elector, client, abort } = candidate(server, clock, 'a')
    client.answer = (request) => {
      if (request.method === 'POST') clock.freeze(11_000)
      return server.answer(request)
    }
    const taken = elector.acquire(abort.signal)
    await settle()
    assert.ok(!elector.leads)
    await clock.advance(2200)
    assert.equal(await taken, true)
  })

  test('somebody else in the lease ends leadership at the next renewal', async () => {
    const server = new LeaseServer()
    const clock = new ManualClock()
    const { elector, abort } = candidate(server, clock, 'a')
    await elector.acquire(abort.signal)
    const held = elector.hold(abort.signal)
    server.write({ holderIdentity: 'b', leaseDurationSeconds: 15 })
    await clock.advance(2000)
    assert.equal(await held, 'lost')
  })

  test('a renewal whose answer was lost does not end leadership', async () => {
    const server = new LeaseServer()
    const clock = new ManualClock()
    const { elector, client, abort } = candidate(server, clock, 'a')
    await elector.acquire(abort.signal)
    const held = elector.hold(abort.signal)
    client.answer = (request) => {
      client.answer = server.answer
      server.answer(request)
      throw new KubeError('reset', 0)
    }
    await clock.advance(20_000)
    assert.ok(elector.leads)
    abort.abort()
    assert.equal(await held, 'stopped')
  })

  test('a lease that is given back is taken within the retry time', async () => {
    const server = new LeaseServer()
    const clock = new ManualClock()
    const a = candidate(server, clock, 'a')
    await a.elector.acquire(a.abort.signal)
    const b = candidate(server, clock, 'b')
    const taken = b.elector.acquire(b.abort.signal)
    await clock.advance(5000)
    await a.elector.release()
    assert.equal(server.spec?.holderIdentity, '')
    assert.ok(!a.elector.leads)
    await clock.advance(2400)
    assert.equal(await taken, true)
    assert.ok(b.elector.leads)
  })

  test('what is no longer held is not given back', async () => {
    const server = new LeaseServer()
    const clock = new ManualClock()
    const { elector, abort } = candidate(server, clock, 'a')
    await elector.acquire(abort.signal)
    server.write({ holderIdentity: 'b', leaseDurationSeconds: 15 })
    await elector.release()
    assert.equal(server.spec?.holderIdentity, 'b')
    await elector.release()
    assert.equal(server.spec?.holderIdentity, 'b')
  })
})
