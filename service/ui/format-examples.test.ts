import assert from 'node:assert/strict'
import { test } from 'node:test'
import { memoryUseCases } from '../../test/fixtures/memory-use-cases.ts'
import { LocalIssuer } from '../app/local-issuer.ts'
import { completed } from '../app/tag-request.ts'
import { IdBatch } from '../core/id-batch.ts'
import type { IdFormat } from '../core/id-format.ts'
import { printerOf, writtenTexts } from '../core/id-printer.ts'
import { DEFAULT_EPOCH_MS, decodeSnowflake, snowflakeLayout } from '../core/snowflake-layout.ts'
import { canonicalLayout, decodeOfLayout } from '../core/tag-layout.ts'
import { formatExamples, momentOf } from './format-examples.ts'

const NOON = { nowMs: Date.UTC(2026, 10, 27, 12), layout: snowflakeLayout(DEFAULT_EPOCH_MS) }
const ACTOR = { actor: 'test', traceId: undefined }
const SHUFFLE_KEY = '00112233445566778899aabbccddeeff'

test('a tag without a format has no examples', () => {
  assert.deepEqual(formatExamples(completed({}), NOON), [])
})

test('examples have the date of today where the format counts days, and end with the last data centre', () => {
  const format: IdFormat = { prefix: 'INV-', width: 6, reset: 'day', utcOffsetMinutes: 840, separator: '-' }
  assert.deepEqual(formatExamples(completed({ space: { format } }), NOON), [
    'INV-20261128-000001',
    'INV-20261128-000002',
    'INV-20261128-000003',
    'INV-20261128-874994',
  ])
})

test('examples are the IDs that a new tag gives first', async () => {
  const { useCases } = await memoryUseCases()
  await useCases.catalog.createWorkspace(ACTOR, 'w', '')
  await useCases.catalog.createGroup(ACTOR, 'w', 'g', '')
  const formats: readonly IdFormat[] = [
    { prefix: 'A', suffix: 'Z', width: 4, check: 'iso7064' },
    { radix: 62, width: 6, shuffleKey: SHUFFLE_KEY },
    { width: 5, reset: 'month', check: 'luhn' },
    { width: 6, reset: 'year', shuffleKey: SHUFFLE_KEY },
  ]
  for (const [at, format] of formats.entries()) {
    const ref = { workspace: 'w', group: 'g', name: `t${at}` }
    const tag = await useCases.catalog.createTag(ACTOR, ref, { space: { dcCount: 1, format } })
    const batch = new IdBatch()
    await new LocalIssuer(useCases, 'http').take(`w/g/t${at}`, 3, batch, 1)
    assert.ok(batch.printer)
    assert.deepEqual(writtenTexts(batch, batch.printer), formatExamples(tag, momentOf(useCases)))
  }
})

test('of a chain that begins with snowflakes the example is one of this millisecond', () => {
  for (const format of [{ prefix: 'T-', radix: 36, check: 'iso7064' }, { width: 19 }] as const) {
    const draft = completed({ algorithm: 'snowflake', space: { format } })
    const texts = formatExamples(draft, NOON)
    assert.equal(texts.length, 1)
    const pair = printerOf(draft.space)?.parse(texts[0] ?? '')
    assert.ok(pair !== undefined, String(texts))
    const { timeMs, dc, worker, sequence } = decodeSnowflake(NOON.layout, pair.hi, pair.lo) ?? {}
    assert.deepEqual([timeMs, dc, worker, sequence], [NOON.nowMs, 0, 0, 0])
  }
})

test('of a layout of its own the example is stamped by that layout', () => {
  const draft = completed({ space: { format: { snowflake: '53-bit', prefix: 'C-', width: 16 } } })
  const [text = '', ...others] = formatExamples(draft, NOON)
  assert.deepEqual(others, [])
  const pair = printerOf(draft.space)?.parse(text)
  assert.ok(pair !== undefined, text)
  const read = decodeOfLayout(canonicalLayout('53-bit'), pair)
  assert.deepEqual(read, { timeMs: NOON.nowMs, dc: 0, worker: 0, sequence: 0 })
})
