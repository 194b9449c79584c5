import assert from 'node:assert/strict'
import { test } from 'node:test'
import { memoryUseCases } from '../../test/fixtures/memory-use-cases.ts'
import { LocalIssuer } from '../app/local-issuer.ts'
import { completed } from '../app/tag-request.ts'
import { IdBatch } from '../core/id-batch.ts'
import type { IdFormat } from '../core/id-format.ts'
import { writtenTexts } from '../core/id-printer.ts'
import { formatExamples } from './format-examples.ts'

const NOON_MS = Date.UTC(2026, 10, 27, 12)
const ACTOR = { actor: 'test', traceId: undefined }
const SHUFFLE_KEY = '00112233445566778899aabbccddeeff'

test('a tag without a format has no examples', () => {
  assert.deepEqual(formatExamples(completed({}).space, NOON_MS), [])
})

test('examples have the date of today where the format counts days, and end with the last data centre', () => {
  const format: IdFormat = { prefix: 'INV-', width: 6, reset: 'day', utcOffsetMinutes: 840, separator: '-' }
  assert.deepEqual(formatExamples(completed({ space: { format } }).space, NOON_MS), [
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
    const { space } = await useCases.catalog.createTag(ACTOR, ref, { space: { dcCount: 1, format } })
    const batch = new IdBatch()
    await new LocalIssuer(useCases, 'http').take(`w/g/t${at}`, 3, batch, 1)
    assert.ok(batch.printer)
    assert.deepEqual(writtenTexts(batch, batch.printer), formatExamples(space, useCases.clock.nowMs()))
  }
})
