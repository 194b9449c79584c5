import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { CallStatus, MessageInput, MessageOutput } from './call.ts'
import {
  HealthCheckRequest,
  HealthCheckResponse,
  HealthCheckResponse_ServingStatus as Serving,
} from './generated/grpc/health/v1/health.ts'
import { HealthWatches } from './health-watch.ts'
import { OpenStreams } from './open-streams.ts'
import { STATUS } from './status-code.ts'

const { SERVING, NOT_SERVING, SERVICE_UNKNOWN } = Serving

/** A client's end of a watch. */
class Watcher implements MessageOutput {
  readonly told: Serving[] = []
  readonly failures: CallStatus[] = []
  /** What `send` says: whether the client takes more. */
  takes = true

  send(message: Uint8Array): boolean {
    this.told.push(HealthCheckResponse.decode(message).status)
    return this.takes
  }

  fail(failure: CallStatus): void {
    this.failures.push(failure)
  }

  end(): void {
    assert.fail('a watch has no end of its own')
  }

  pause(): void {}
  resume(): void {}
}

class World {
  status: Serving = SERVING
  readonly streams = new OpenStreams()
  readonly watches = new HealthWatches(
    { status: () => this.status, knows: (service) => service === '' },
    this.streams,
  )

  open(watcher: Watcher, peer = { address: '192.0.2.1' }): MessageInput {
    return this.watches.open({ peer }, watcher)
  }

  become(status: Serving): void {
    this.status = status
    this.watches.tell()
  }
}

function asking(service: string): Uint8Array {
  return HealthCheckRequest.encode({ service }).finish()
}

test('a watch is told the status at once and when it is another, and of a name that nobody knows only that', () => {
  const world = new World()
  const [known, unknown] = [new Watcher(), new Watcher()]
  for (const [watcher, service] of [
    [known, ''],
    [unknown, 'x'],
  ] as const)
    world.open(watcher).receive(asking(service))
  for (const status of [SERVING, NOT_SERVING, NOT_SERVING, SERVING]) world.become(status)
  assert.deepEqual(known.told, [SERVING, NOT_SERVING, SERVING])
  assert.deepEqual(unknown.told, [SERVICE_UNKNOWN])
})

test('a watch leaves nothing behind, also one that was asked twice', () => {
  const world = new World()
  const watcher = new Watcher()
  const watch = world.open(watcher)
  for (let i = 0; i < 3; i += 1) watch.receive(asking(''))
  watch.closed()
  const told = watcher.told.length
  for (const status of [NOT_SERVING, SERVING]) world.become(status)
  world.streams.closeAll()
  assert.equal(watcher.told.length, told)
  assert.deepEqual(watcher.failures, [])
})

test('for a client that takes nothing no more is kept than the newest status', () => {
  const world = new World()
  const watcher = new Watcher()
  watcher.takes = false
  const watch = world.open(watcher)
  watch.receive(asking(''))
  for (let i = 0; i < 100; i += 1) for (const status of [NOT_SERVING, SERVING]) world.become(status)
  world.become(NOT_SERVING)
  assert.deepEqual(watcher.told, [SERVING])
  watcher.takes = true
  watch.drained()
  assert.deepEqual(watcher.told, [SERVING, NOT_SERVING])
})

test('a connection has some watches and no more, others have theirs, and a place that is left is given on', () => {
  const world = new World()
  const peer = { address: '192.0.2.1' }
  const open = Array.from({ length: 32 }, () => {
    const watcher = new Watcher()
    return { watcher, watch: world.open(watcher, peer) }
  })
  for (const { watcher } of open) assert.deepEqual(watcher.failures, [])
  const further = new Watcher()
  const refused = world.open(further, peer)
  assert.deepEqual(
    further.failures.map(({ code }) => code),
    [STATUS.RESOURCE_EXHAUSTED],
  )
  refused.closed()
  const other = new Watcher()
  // The same address; another connection.
  world.open(other, { ...peer })
  open[0]?.watch.closed()
  const next = new Watcher()
  world.open(next, peer)
  assert.deepEqual([other.failures, next.failures], [[], []])
})

test('a stop and the age of the connection end a watch, to be opened elsewhere', () => {
  const world = new World()
  const [stopped, old] = [new Watcher(), new Watcher()]
  world.open(old).retired?.()
  assert.deepEqual(
    old.failures.map(({ code }) => code),
    [STATUS.UNAVAILABLE],
  )
  world.open(stopped)
  world.streams.closeAll()
  assert.deepEqual(
    stopped.failures.map(({ code }) => code),
    [STATUS.UNAVAILABLE],
  )
})
