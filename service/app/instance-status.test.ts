import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MemoryClock } from '../adapters/memory/memory-clock.ts'
import { bad, type Finding, good, warning } from '../core/finding.ts'
import { InstanceStatus } from './instance-status.ts'
import type { ReadinessReport } from './readiness.ts'

function made(report: Partial<ReadinessReport> = {}, findings: readonly Finding[] = []) {
  const clock = new MemoryClock()
  const current: { report: ReadinessReport } = {
    report: { ready: true, draining: false, degraded: [], ...report },
  }
  const readiness = { report: () => current.report }
  const status = new InstanceStatus({ readiness, clock, instance: 'a/1', version: '1.2.3', dataCentre: 2 })
  status.watch(() => findings)
  return { clock, status, current }
}

test('the state is the worst that is known: well, troubled, unable, stopping', () => {
  const degraded = [{ what: 'database', why: 'it does not answer' }]
  const states = [
    made(),
    made({ degraded }),
    made({}, [warning('clock', 'off', 'Look.')]),
    made({ ready: false, degraded }),
    made({ ready: false, draining: true }),
  ].map(({ status }) => status.read().state)
  assert.deepEqual(states, ['well', 'troubled', 'troubled', 'unable', 'stopping'])
  assert.equal(made().status.read().summary, 'All is well.')
})

test('a trouble takes the place of what is well of the same name, and the worst stands first', () => {
  const degraded = [
    { what: 'tag w/g/t', why: 'served by snowflake' },
    { what: 'redis', why: 'away' },
  ]
  const { status } = made({ degraded }, [
    good('redis', 'answers'),
    good('etcd', 'answers'),
    bad('clock', 'off', 'Look.'),
  ])
  assert.deepEqual(
    status.read().findings.map(({ verdict, what, found }) => `${verdict} ${what}: ${found}`),
    ['bad clock: off', 'warning tag w/g/t: served by snowflake', 'warning redis: away', 'ok etcd: answers'],
  )
})

test('every trouble comes with what to do, also one that nobody foresaw', () => {
  const names = [
    'database',
    'snowflake',
    'time grant',
    'etcd',
    'witness',
    'copies of time grants',
    'redis',
    'data centre',
    'tag w/g/t',
    'protocol thread 3',
    'something new',
  ]
  const { status } = made({ degraded: names.map((what) => ({ what, why: 'x' })) })
  const advice = status.read().findings.map(({ todo }) => todo)
  assert.ok(advice.every((todo) => todo !== undefined && todo.length > 20))
  assert.equal(new Set(advice).size, names.length)
})

test('it says where it listens once it does', () => {
  const { status } = made()
  assert.deepEqual(status.read().ports, {})
  status.listensOn({ http: 8080, metrics: 9464 })
  assert.deepEqual(status.read().ports, { http: 8080, metrics: 9464 })
})

test('how long it runs is measured by a clock that nobody sets', () => {
  const { clock, status } = made()
  clock.advance(90_000)
  const { upMs, instance, version, dataCentre } = status.read()
  assert.deepEqual(
    { upMs, instance, version, dataCentre },
    { upMs: 90_000, instance: 'a/1', version: '1.2.3', dataCentre: 2 },
  )
})
