import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { IssuedIds } from '../fixtures/issued-ids.ts'
import { makeTags } from '../fixtures/load-client.ts'
import { PacedLoad } from '../fixtures/paced-load.ts'
import { distinct } from './distinct-texts.ts'
import { ADMIN_KEY, Installation } from './installation.ts'
import { metricChanges } from './metric-changes.ts'
import { NUMERIC_TAGS, TAGS } from './scenario.ts'

/** A checker that cannot fail proves nothing. */
describe('the checker of fault runs', () => {
  test('finds the duplicates of a failover with lost commits where no etcd guards the database', async (t) => {
    // Outside the promise (design: "no etcd"), so here duplicates must come, and must be seen.
    const installation = await Installation.start(t, { dcs: [0, 0], etcdMembers: 0 })
    await installation.postgres.addStandby()
    const issued = new IssuedIds()
    const load = new PacedLoad({
      services: installation.services,
      key: ADMIN_KEY,
      issued,
      tags: ['orders', 'stock'],
      numericTags: NUMERIC_TAGS,
      requestsPerSecond: 200,
    })
    await makeTags(load.calls, installation.service(0), TAGS)
    t.after(() => load.stop())
    load.start()
    await pause(1000)
    installation.postgres.loseCommits()
    await pause(3000)
    await installation.postgres.failOver()
    // Who was given numbers refuses them a second time; a new process does not know.
    await installation.end(installation.service(1), 'SIGKILL')
    installation.services[1] = await installation.launch(1)
    // What was in memory is served first; then come the grants that were given before.
    for (let waits = 0; waits < 60 && issued.duplicates().length === 0; waits += 1) await pause(500)
    await load.stop()
    t.diagnostic(`${issued.total} IDs, ${issued.duplicates().length} stretches of them twice`)
    assert.notDeepEqual(issued.duplicates(), [])
    assert.throws(() => issued.verify(), /IDs handed out twice/)
  })

  test('finds numbers of a tag that overlap, over any protocol', () => {
    const issued = new IssuedIds()
    issued.run('orders', '100', 50, 'http-runs')
    issued.text('orders', '150', 'http')
    issued.text('stock', '120', 'grpc')
    assert.deepEqual(issued.duplicates(), [])
    issued.text('orders', '149', 'grpc')
    assert.equal(issued.duplicates().length, 1)
    assert.throws(() => issued.verify(), /twice/)
  })

  test('finds a snowflake that two tags were given, and a UUID that came twice', () => {
    const issued = new IssuedIds()
    const value = String(2n ** 60n)
    issued.text('events', value, 'http', 'process 1')
    issued.text('orders', value, 'http', 'process 1')
    const uuid = '0198a3c4-5d6e-7f80-9a1b-2c3d4e5f6071'
    issued.text('sessions', uuid, 'http')
    issued.text('coupons', uuid, 'grpc-stream')
    assert.equal(issued.duplicates().length, 2)
  })

  test('finds two processes that stamped one millisecond of a worker id, without a duplicate', () => {
    const issued = new IssuedIds()
    const stamp = 2n ** 60n
    issued.text('events', String(stamp), 'http', 'process 1')
    issued.text('events', String(stamp + 1n), 'http', 'process 2')
    assert.deepEqual(issued.duplicates(), [])
    assert.throws(() => issued.verify(), /two holders of one worker id/)
  })

  test('finds a run that crosses its millisecond, and what is no ID at all', () => {
    const crossing = new IssuedIds()
    crossing.run('events', String(2n ** 60n + 1000n), 25, 'http-runs', 'process 1')
    assert.throws(() => crossing.verify(), /crosses its millisecond|two holders/)
    const malformed = new IssuedIds()
    malformed.text('events', '00012', 'http')
    assert.throws(() => malformed.verify(), /malformed/)
  })

  test('tells texts apart by what they say, not by their numbers', () => {
    const texts = ['no answer within 12 ms', 'no answer within 7 ms', 'served by uuid-v7', 'failed (57P03)']
    assert.deepEqual(distinct(texts), [
      'no answer within # ms (2×)',
      'served by uuid-v7 (1×)',
      'failed (57P03) (1×)',
    ])
  })

  test('tells which metrics a fault moved, and nothing of the usual traffic', () => {
    const before = new Map([
      ['idgen_etcd_ok', 3],
      ['idgen_ids_issued_total{tag="a"}', 1],
    ])
    const during = new Map([
      ['idgen_etcd_ok', 0],
      ['idgen_ids_issued_total{tag="a"}', 5],
    ])
    assert.deepEqual(metricChanges(before, during, before), ['idgen_etcd_ok 3 → 0 → 3'])
  })
})
