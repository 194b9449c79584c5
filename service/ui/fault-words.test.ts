import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { memoryUseCases } from '../../test/fixtures/memory-use-cases.ts'
import { UiVisitor } from '../../test/fixtures/ui-visitor.ts'
import { auditFilter } from '../app/audit-filter.ts'
import { checkDisplayName, completed, type TagRequest } from '../app/tag-request.ts'
import { type FieldFault, IdgenError } from '../core/errors.ts'
import { FORMAT_FIELDS, type IdFormat, readFormat } from '../core/id-format.ts'
import { NO_FREE_NUMBERS, NO_SNOWFLAKES, type TagDraft, tagFaults } from '../core/tag.ts'
import { LAYOUT_FIELDS, type TagLayout } from '../core/tag-layout.ts'
import { wantedOf } from './batch-lines.ts'
import { faultInChinese, WORDS_ZH } from './fault-words.ts'
import { keptMs } from './pages/key-page.ts'
import { requestOfForm } from './tag-fields.ts'

const ACTOR = { actor: 'test', traceId: undefined }
const EVERYTHING = { keyId: 'k', scopes: ['audit'], within: '' } as const
const KEY_DRAFT = { name: 'x', scopes: ['issue'], within: '', expiresAt: undefined } as const
const SHUFFLE_KEY = '0123456789abcdef0123456789abcdef'

describe('faults of single fields in Chinese', () => {
  test('there are words for every kind that the validation gives, and for none that it does not', async () => {
    const faults = [...draftFaults(), ...formatCases(), ...layoutCases(), ...(await refusals())]
    for (const fault of faults) assertChinese(fault)
    const unused = WORDS_ZH.filter(([pattern]) => !faults.some(({ message }) => pattern.test(message)))
    assert.deepEqual(
      unused.map(([pattern]) => pattern.source),
      [],
    )
  })

  test('whatever is asked of a new tag, no fault of it is left in English', () => {
    fc.assert(
      fc.property(DRAFTS, (draft) => {
        for (const fault of tagFaults(draft)) assertChinese(fault)
      }),
      { numRuns: 500, seed: 1 },
    )
    fc.assert(
      fc.property(FORMATS, (format) => {
        const read = readFormat('/space/format', format)
        if ('faults' in read) for (const fault of read.faults) assertChinese(fault)
      }),
      { numRuns: 2000, seed: 1 },
    )
  })

  test('a page names the field and says it as its form does, in its language', async (t) => {
    const visitor = await UiVisitor.signedIn(t)
    const form = { workspace: 'w', group: 'g', tag: 't', chain: 'segment', base: '0', startAt: '1' }
    await visitor.see('/ui/tags/new')
    const english = await visitor.send('/ui/tags/new', form)
    assert.match(english.text, /<li>Step of a segment \(At first\): must be an integer from 1 to 100000000/)
    assert.doesNotMatch(english.text, /必须是|\/step\/base/)
    await visitor.send('/ui/preferences', { language: 'zh' })
    const refused = await visitor.send('/ui/tags/new', form)
    assert.match(refused.text, /<li>号段步长（初始值）：必须是 1 到 100000000 的整数，不能是 0<\/li>/)
    assert.doesNotMatch(refused.text, /<p lang="en"/)
    const checked = await visitor.send('/ui/tags/check', form, { 'hx-request': 'true' })
    assert.match(checked.text, /<li>号段步长（初始值）：必须是 1 到/)
    const batch = await visitor.send('/ui/tags/new-batch', { lines: 'w/g/t segment x' })
    assert.match(batch.text, /号段步长：必须是整数，不能是 &#34;x&#34;/)
    const line = await visitor.send('/ui/tags/new-batch', { lines: 'w/g/t fast' })
    assert.match(line.text, /此行：必须写成 工作空间\/分组\/标签.*不能是 &#34;w\/g\/t fast&#34;/)
  })
})

function assertChinese({ message }: FieldFault): void {
  const words = faultInChinese(message)
  assert.ok(words !== undefined && /\p{Script=Han}{2}/u.test(words), `no Chinese for: ${message}`)
  assert.doesNotMatch(words, /undefined/)
}

const GOOD: TagDraft = {
  chain: ['segment'],
  step: { base: 1000, min: 100, max: 1000 },
  space: { startAt: 1, cellSize: 2 ** 32, dcCount: 8 },
}

function draftFaults(): FieldFault[] {
  const { step, space } = GOOD
  const written = (format: IdFormat, more: Partial<TagDraft> = {}): TagDraft => ({
    ...GOOD,
    ...more,
    space: { ...space, ...more.space, format },
  })
  const drafts: TagDraft[] = [
    { ...GOOD, chain: [] },
    { ...GOOD, chain: ['segment', 'segment'] },
    { ...GOOD, chain: ['uuid-v4', 'segment'] },
    { ...GOOD, step: { base: 0, min: 2, max: 1.5 } },
    { ...GOOD, step: { ...step, base: 2000 } },
    { ...GOOD, space: { ...space, cellSize: 1001 }, step: { ...step, max: 5000 } },
    { ...GOOD, space: { startAt: -1, cellSize: 1, dcCount: 9 } },
    { ...GOOD, space: { ...space, cellSize: 2 ** 51 } },
    { ...GOOD, step: { base: 1, min: 1, max: 1 }, space: NO_FREE_NUMBERS },
    { ...GOOD, chain: ['snowflake'], space: { ...space, ...NO_SNOWFLAKES } },
    written({ snowflake: '53-bit' }),
    written({ prefix: 'A' }, { chain: ['segment', 'uuid-v7'] }),
    written({ shuffleKey: SHUFFLE_KEY, width: 9 }, { chain: ['segment', 'snowflake'] }),
    written({ reset: 'day', width: 6 }, { space: { ...space, startAt: 7 } }),
    completed({ space: { format: { reset: 'day', width: 12 } } }),
    completed({ space: { format: { reset: 'day', width: 2 } } }),
    completed({ algorithm: 'uuid-v7', space: { format: { prefix: 'A' } } }),
  ]
  return drafts.flatMap((draft) => tagFaults(draft))
}

function formatCases(): FieldFault[] {
  const formats: unknown[] = [
    7,
    {},
    { colour: 'red' },
    { prefix: ' ' },
    { prefix: 5 },
    { radix: 3 },
    { width: 99 },
    { shuffleKey: 5 },
    { shuffleKey: 'x' },
    { snowflake: '53-bit', reset: 'day', width: 6 },
    { check: 'iso7064', radix: 62 },
    { separator: '-' },
    { reset: 'day' },
    { shuffleKey: SHUFFLE_KEY, width: 2 },
  ]
  return formats.flatMap(faultsOfFormat)
}

function layoutCases(): FieldFault[] {
  const layouts: unknown[] = [
    'x',
    7,
    { colour: 1 },
    { timeBits: 1 },
    { timeBits: 47, dcBits: 8, workerBits: 16, sequenceBits: 22 },
    { timeBits: 20, dcBits: 8, workerBits: 16, sequenceBits: 10 },
    { timeBits: 20, sequenceBits: 4 },
    { timeBits: 47, unitMs: 1000, sequenceBits: 1 },
  ]
  return layouts.flatMap((snowflake) => faultsOfFormat({ snowflake }))
}

function faultsOfFormat(format: unknown): readonly FieldFault[] {
  const read = readFormat('/space/format', format)
  assert.ok('faults' in read, JSON.stringify(format))
  return read.faults
}

/** What is refused outside of a tag's settings, each by the use case that refuses it. */
async function refusals(): Promise<FieldFault[]> {
  const { useCases } = await memoryUseCases()
  const { keys } = useCases
  const { key } = await keys.create(ACTOR, KEY_DRAFT)
  const createKey = (more: object): Promise<unknown> => keys.create(ACTOR, { ...KEY_DRAFT, ...more })
  const begins = { epochMs: useCases.clock.nowMs() + 1, timeBits: 41, sequenceBits: 8 } as TagLayout
  const later = { space: { format: { snowflake: begins } } }
  const asks: (() => unknown)[] = [
    () => useCases.catalog.createTag(ACTOR, { workspace: 'w', group: 'g', name: 't' }, later),
    () => checkDisplayName('x'.repeat(201)),
    () => checkDisplayName('\u0000'),
    () => completed({ algorithm: 'segment', chain: ['snowflake'] } satisfies TagRequest),
    () => requestOfForm(new URLSearchParams({ base: 'many' })),
    () => wantedOf('w/g/t segment 5 more'),
    () => auditFilter(EVERYTHING, { actor: 'x'.repeat(301) }),
    () => auditFilter(EVERYTHING, { from: 'yesterday' }),
    () => createKey({ name: '' }),
    () => createKey({ scopes: [] }),
    () => createKey({ scopes: ['rule'] }),
    () => createKey({ within: 'a/b/c/d' }),
    () => createKey({ expiresAt: new Date(0) }),
    () => keptMs(new URLSearchParams({ hours: 'many' })),
    () => keys.rotate(ACTOR, key.id, { keepPreviousMs: -1 }, () => {}),
  ]
  return (await Promise.all(asks.map(faultsOf))).flat()
}

async function faultsOf(ask: () => unknown): Promise<readonly FieldFault[]> {
  try {
    await ask()
  } catch (thrown) {
    const { faults } = IdgenError.from(thrown)
    assert.ok(faults.length > 0, String(thrown))
    return faults
  }
  return assert.fail(`nothing was refused: ${ask}`)
}

const NUMBERS = fc.oneof(fc.integer(), fc.double(), fc.constantFrom(0, 1, 8, 1000, 2 ** 32, 2 ** 53))
const DRAFTS: fc.Arbitrary<TagDraft> = fc.record({
  chain: fc.array(fc.constantFrom('segment', 'snowflake', 'uuid-v7', 'uuid-v4'), { maxLength: 5 }),
  step: fc.record({ base: NUMBERS, min: NUMBERS, max: NUMBERS }),
  space: fc.record({ startAt: NUMBERS, cellSize: NUMBERS, dcCount: NUMBERS }),
})
const VALUES = fc.oneof(
  NUMBERS,
  fc.string(),
  fc.constantFrom(null, true, 'day', 'luhn', 'iso7064', 62, '53-bit', SHUFFLE_KEY),
  fc.dictionary(
    fc.constantFrom(...LAYOUT_FIELDS, 'colour'),
    fc.oneof(NUMBERS, fc.integer({ min: 0, max: 50 })),
  ),
)
const FORMATS = fc.oneof(VALUES, fc.dictionary(fc.constantFrom(...FORMAT_FIELDS, 'colour'), VALUES))
