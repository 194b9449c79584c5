import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { memoryUseCases } from '../../test/fixtures/memory-use-cases.ts'
import { IdBatch } from '../core/id-batch.ts'
import { UNKNOWN_DC } from './dc-traffic.ts'
import { LocalIssuer } from './local-issuer.ts'

const ACTOR = { actor: 'test', traceId: undefined }

async function world(t: TestContext, environment: Record<string, string> = {}) {
  const memory = await memoryUseCases({ environment })
  t.after(() => memory.stop())
  const { catalog } = memory.useCases
  await catalog.createWorkspace(ACTOR, 'w', '')
  await catalog.createGroup(ACTOR, 'w', 'g', '')
  await catalog.createTag(ACTOR, { workspace: 'w', group: 'g', name: 't' }, {})
  return { ...memory, issuer: new LocalIssuer(memory.useCases, 'http') }
}

test('IDs of a tag that was not used here yet are waited for once, and then are in memory', async (t) => {
  const { issuer } = await world(t)
  const first = new IdBatch()
  assert.equal(issuer.tryTake('w/g/t', 5, first, 5), false)
  await issuer.take('w/g/t', 5, first, 5)
  assert.deepEqual([first.runLo(0), first.count], [1, 5])
  const second = new IdBatch()
  assert.equal(issuer.tryTake('w/g/t', 3, second, 3), true)
  assert.equal(second.runLo(0), 6)
  const third = new IdBatch()
  assert.equal(issuer.tryTakeRun('w/g/t', 10, third), true)
  assert.equal(third.runLo(0), 9)
  const elsewhere = new IdBatch()
  assert.equal(issuer.tryTakeRun('w/g/none', 10, elsewhere), false)
  await assert.rejects(issuer.takeRun('w/g/none', 10, elsewhere), { code: 'IDGEN_TAG_NOT_FOUND' })
  await assert.rejects(issuer.take('w/g', 1, elsewhere, 1), { code: 'IDGEN_NAME_INVALID' })
})

test('a batch for many commands counts as many requests', async (t) => {
  const { issuer, useCases } = await world(t)
  await issuer.take('w/g/t', 64, new IdBatch(), 64)
  issuer.tryTake('w/g/t', 36, new IdBatch(), 36)
  assert.deepEqual(useCases.directory.peek('w/g/t')?.served.segment, { requests: 100, ids: 100 })
  assert.equal(useCases.generate.durations.count, 100)
})

test('more IDs of a request that was counted count as IDs, whether they are waited for or not', async (t) => {
  const { issuer, useCases } = await world(t)
  await issuer.take('w/g/t', 5, new IdBatch(), 1)
  await issuer.take('w/g/t', 7, new IdBatch(), 0)
  assert.equal(issuer.tryTake('w/g/t', 11, new IdBatch(), 0), true)
  assert.deepEqual(useCases.directory.peek('w/g/t')?.served.segment, { requests: 1, ids: 23 })
})

test('a key is known here once it was asked for', async (t) => {
  const { issuer, keyText } = await world(t)
  assert.equal(issuer.peekCaller(keyText), undefined)
  const caller = await issuer.authenticate(keyText, '192.0.2.1')
  assert.equal(issuer.peekCaller(keyText), caller)
})

test('calls are counted by the burst, and names that are no tags are not written down', async (t) => {
  const memory = await world(t)
  const { issuer, useCases } = memory
  await issuer.take('w/g/t', 1, new IdBatch(), 1)
  issuer.countClients(3, 64)
  issuer.countClients(UNKNOWN_DC, 11)
  issuer.count('k1', 'w/g/t', 'ok', 64, 64)
  issuer.count('k1', 'w/g/t', 'ok', 1, 1000)
  issuer.count('k1', 'w/g/t', 'IDGEN_OVERLOADED', 7, 0)
  issuer.count('k1', 'made/up/name', 'IDGEN_TAG_NOT_FOUND', 3, 0)
  assert.equal(useCases.ledger.failures.get('IDGEN_OVERLOADED'), 7)
  const clients: Record<string, number> = {}
  useCases.traffic.each((dc, requests) => {
    clients[dc] = requests
  })
  assert.deepEqual(clients, { '3': 64, unknown: 11 })
  assert.deepEqual(
    (await memory.issueCounts()).map(({ actor, subject, result, detail }) => ({
      actor,
      subject,
      result,
      detail,
    })),
    [
      { actor: 'k1', subject: 'w/g/t', result: 'ok', detail: { requests: 65, ids: 1064 } },
      { actor: 'k1', subject: 'w/g/t', result: 'IDGEN_OVERLOADED', detail: { requests: 7, ids: 0 } },
      { actor: 'k1', subject: '*', result: 'IDGEN_TAG_NOT_FOUND', detail: { requests: 3, ids: 0 } },
    ],
  )
})

test('of bursts a sample is written down for every so many calls', async (t) => {
  const memory = await world(t, { IDGEN_AUDIT_SAMPLE_EVERY: '100' })
  const { issuer } = memory
  await issuer.take('w/g/t', 1, new IdBatch(), 1)
  for (let i = 0; i < 10; i += 1) issuer.count('k1', 'w/g/t', 'ok', 64, 64)
  const samples = (await memory.audited()).filter(({ action }) => action === 'generate')
  assert.equal(samples.length, 6)
  assert.deepEqual(samples[0]?.detail, { ids: 1 })
})

test('a hundred tags that are new here are looked up a few at a time, and all are served', async (t) => {
  const { useCases, issuer } = await world(t)
  const paths = Array.from({ length: 100 }, (_, i) => `w/g/t${i}`)
  for (const path of paths) {
    const name = path.slice(4)
    await useCases.catalog.createTag(ACTOR, { workspace: 'w', group: 'g', name }, {})
  }
  const batches = await Promise.all(
    paths.map(async (path) => {
      const batch = new IdBatch()
      await issuer.take(path, 1, batch, 1)
      return batch
    }),
  )
  assert.ok(batches.every(({ count }) => count === 1))
})

test('a remembered tag issues, counts and is limited as its issuer does', async (t) => {
  const { issuer, useCases } = await world(t, { IDGEN_LIMITS_PER_TAG: '100' })
  const tag = issuer.remember('w/g/t')
  assert.equal(tag.tryTake(1, new IdBatch(), NOW_MS), false, 'it is not in memory yet')
  await issuer.take('w/g/t', 5, new IdBatch(), 5)
  const batch = new IdBatch()
  assert.equal(tag.tryTake(3, batch, NOW_MS), true)
  assert.deepEqual([batch.runLo(0), batch.count], [6, 3])
  assert.deepEqual(useCases.directory.peek('w/g/t')?.served.segment, { requests: 8, ids: 8 })
  const nowMs = issuer.rates.now()
  assert.equal(tag.admit(70, nowMs), 70)
  assert.equal(issuer.rates.admitForTag('w/g/t', 70, nowMs), 30, 'both count in one place')
  assert.equal(tag.admit(7, nowMs), 0)
  assert.equal(issuer.rates.refused.tag, 47)
})

test('a remembered tag that was deleted issues nothing, and one that was made again in its place does', async (t) => {
  const { issuer, useCases } = await world(t)
  const tag = issuer.remember('w/g/t')
  await issuer.take('w/g/t', 5, new IdBatch(), 5)
  assert.equal(tag.tryTake(1, new IdBatch(), NOW_MS), true)
  await useCases.directory.drop('w/g/t', false)
  assert.equal(tag.tryTake(1, new IdBatch(), NOW_MS), false)
  await issuer.take('w/g/t', 1, new IdBatch(), 1)
  assert.equal(tag.tryTake(1, new IdBatch(), NOW_MS), true)
})

const NOW_MS = Date.UTC(2026, 0, 1)
