import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RecordedLog } from '../../test/fixtures/recorded-log.ts'
import { settle } from '../../test/fixtures/settle.ts'
import { MemoryAuditSink } from '../adapters/memory/memory-audit-sink.ts'
import { MemoryClock } from '../adapters/memory/memory-clock.ts'
import { MemoryRandom } from '../adapters/memory/memory-random.ts'
import type { AuditRecord, ChainedRecord } from '../ports/audit-sink.ts'
import { AuditChain, CHAIN_START, linkHash } from './audit-chain.ts'
import { AuditTrail, BEAT_EVERY_MS } from './audit-trail.ts'

function record(atMs: number): AuditRecord {
  return {
    at: new Date(atMs),
    actor: 'k1',
    action: 'tag.create',
    subject: 'w/g/t',
    workspace: 'w',
    result: 'ok',
    traceId: undefined,
    detail: { n: 1 },
  }
}

test('each record carries the hash of the one before, from a fixed start', () => {
  const chain = new AuditChain('pod', new MemoryRandom(), undefined)
  const [first, second] = [chain.append(record(5)), chain.append(record(6))]
  assert.deepEqual([first.link?.seq, first.link?.previousHash], [1, CHAIN_START])
  assert.deepEqual([second.link?.seq, second.link?.previousHash], [2, first.link?.hash])
  assert.deepEqual(chain.head, { chain: chain.name, seq: 2, hash: second.link?.hash })
  assert.match(chain.name, /^pod:[0-9a-f]{16}$/)
})

test('with a key the hash is another one than without or with another key', () => {
  const place = { chain: 'c', seq: 1, previousHash: CHAIN_START }
  const hashes = [undefined, 'one key', 'another'].map((key) => linkHash(record(1), place, key))
  assert.equal(new Set(hashes).size, 3)
})

test('times never go back within a chain, whatever the clock does', () => {
  const chain = new AuditChain('pod', new MemoryRandom(), undefined)
  assert.deepEqual(
    [9, 5, 10].map((atMs) => chain.append(record(atMs)).at.getTime()),
    [9, 9, 10],
  )
})

function trail(queueMax = 100) {
  const clock = new MemoryClock()
  const log = new RecordedLog()
  const sink = new MemoryAuditSink()
  const state = { away: false, forget: false }
  const unsure = {
    async write(records: readonly ChainedRecord[]): Promise<void> {
      if (state.away) throw new Error('away')
      await sink.write(records)
      if (state.forget) throw new Error('the answer was lost')
    },
  }
  const chain = new AuditChain('pod', new MemoryRandom(), undefined)
  const audit = new AuditTrail({ sink: unsure, clock, log, queueMax, flushEveryMs: 1000, chain })
  const seen = () => sink.records.map(({ action, link }) => [link?.seq, action])
  return { audit, clock, log, sink, state, chain, seen }
}

test('a batch of unknown outcome is written again with the same links, and stands once', async () => {
  const { audit, state, seen } = trail()
  audit.record({ action: 'a', subject: '1' })
  state.forget = true
  await audit.flush()
  audit.record({ action: 'b', subject: '2' })
  state.forget = false
  await audit.flush()
  assert.deepEqual(seen(), [
    [1, 'a'],
    [2, 'b'],
  ])
})

test('a stop closes the chain, and one that was never used writes nothing', async () => {
  const { audit, seen, log, chain } = trail()
  audit.record({ action: 'a', subject: '1' })
  await audit.stop()
  assert.deepEqual(seen(), [
    [1, 'a'],
    [2, 'audit.close'],
  ])
  assert.ok(log.lines.some(({ text, fields }) => text === 'audit chain closed' && fields['seq'] === 2))
  assert.equal(chain.head.seq, 2)
  const idle = trail()
  await idle.audit.stop()
  assert.deepEqual(idle.seen(), [])
})

test('records that were dropped are counted in the chain itself', async () => {
  const { audit, sink, seen } = trail(2)
  for (let i = 0; i < 5; i += 1) audit.record({ action: 'a', subject: `${i}` })
  await audit.flush()
  await audit.flush()
  assert.deepEqual(seen(), [
    [1, 'a'],
    [2, 'a'],
    [3, 'audit.drop'],
  ])
  assert.deepEqual(sink.records[2]?.detail, { records: 3 })
})

test('every hour a silent process says that it lives, and its head goes to the log', async () => {
  const { audit, clock, log, seen, chain } = trail()
  audit.start()
  audit.record({ action: 'a', subject: '1' })
  await audit.flush()
  clock.advance(BEAT_EVERY_MS)
  await settle()
  await audit.flush()
  assert.deepEqual(seen().slice(0, 2), [
    [1, 'a'],
    [2, 'audit.beat'],
  ])
  assert.ok(
    log.lines.some(({ text, fields }) => text === 'audit chain head' && fields['chain'] === chain.name),
  )
  await audit.stop()
})

test('the log names no head that the store was never seen to have, or a kill would look like a record taken out', async () => {
  const { audit, clock, log, state } = trail()
  const heads = () =>
    log.lines
      .filter(({ text }) => text.startsWith('audit chain'))
      .map(({ text, fields }) => [text, fields['seq']])
  audit.start()
  audit.record({ action: 'a', subject: '1' })
  await audit.flush()
  state.away = true
  audit.record({ action: 'b', subject: '2' })
  await audit.flush()
  clock.advance(BEAT_EVERY_MS)
  await settle()
  assert.deepEqual(heads(), [['audit chain head', 1]])
  await audit.stop()
  assert.deepEqual(heads().at(-1), ['audit chain head', 1])
})
