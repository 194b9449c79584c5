import assert from 'node:assert/strict'
import { test } from 'node:test'
import { rejectsWith } from '../../test/contracts/rejects-with.ts'
import { memoryUseCases } from '../../test/fixtures/memory-use-cases.ts'
import { IdgenError } from '../core/errors.ts'
import { parseTagRecord, printTagRecord } from '../core/tag-record.ts'
import { type ImportedTag, type ImportRow, ImportTags } from './import-tags.ts'
import type { TagRequest } from './tag-request.ts'

const ACTOR = { actor: 'cli', traceId: undefined }
const RULES = { margin: 1000, algorithm: 'segment', dryRun: false } as const

async function opened(t: { after(fn: () => unknown): void }) {
  const made = await memoryUseCases()
  t.after(() => made.stop())
  const { catalog, generate, directory } = made.useCases
  const imports = new ImportTags(catalog)
  async function run(rows: readonly ImportRow[], rules: Partial<typeof RULES> | object = {}) {
    const done: ImportedTag[] = []
    await imports.import(ACTOR, rows, { ...RULES, ...rules }, (tag) => done.push(tag))
    return done
  }
  return { run, catalog, generate, directory, store: catalog.store }
}

test('an imported tag begins above maximum and margin, in new workspace and group (trap: same key, two stores)', async (t) => {
  const { run, store } = await opened(t)
  const done = await run([
    { path: 'shop/orders/invoice', max: '5000000' },
    { path: 'shop/orders/refund', max: '0' },
  ])
  assert.deepEqual(done, [
    { path: 'shop/orders/invoice', startAt: 5_001_001, outcome: 'made' },
    { path: 'shop/orders/refund', startAt: 1001, outcome: 'made' },
  ])
  const tag = await store.findTag({ workspace: 'shop', group: 'orders', name: 'invoice' })
  assert.equal(tag?.space.startAt, 5_001_001)
})

test('a repeated import finds its own tags; another maximum for an existing one is refused', async (t) => {
  const { run } = await opened(t)
  const rows = [{ path: 'a/b/c', max: '10' }]
  await run(rows)
  assert.equal((await run(rows))[0]?.outcome, 'present')
  await rejectsWith('IDGEN_REQUEST_INVALID', run([{ path: 'a/b/c', max: '11' }]))
})

test('a tag that begins higher stands for the imported one, such as one above its deleted predecessor', async (t) => {
  const { run, store } = await opened(t)
  await run([{ path: 'a/b/c', max: '9000' }])
  const ref = { workspace: 'a', group: 'b', name: 'c' }
  await store.deleteTag(ref, undefined)
  const [made] = await run([{ path: 'a/b/c', max: '10' }])
  assert.deepEqual(made, { path: 'a/b/c', startAt: 10_001, outcome: 'made' })
  assert.deepEqual(await run([{ path: 'a/b/c', max: '10' }]), [{ ...made, outcome: 'present' }])
})

test('of two imports at the same time one makes each tag, and both tell the same', async (t) => {
  const { run } = await opened(t)
  const rows = Array.from({ length: 10 }, (_, i) => ({ path: `a/b/t${i}`, max: '5' }))
  const [one, two] = await Promise.all([run(rows), run(rows)])
  const outcomes = one.map((tag, i) => [tag.outcome, two[i]?.outcome].toSorted().join())
  assert.deepEqual(new Set(outcomes), new Set(['made,present']))
})

test('a tag that issues numbers does not stand for one that may not', async (t) => {
  const { run } = await opened(t)
  await run([{ path: 'a/b/c', max: '0' }], { margin: 0 })
  const huge = [{ path: 'a/b/c', max: '9007199254740993' }]
  const error = await rejectsWith('IDGEN_REQUEST_INVALID', run(huge, { algorithm: 'uuid-v7' }))
  assert.match(error.faults[0]?.message ?? '', /issues numbers \(segment, snowflake/)
})

test('a tag with a format does not stand for an imported one: it writes new numbers as old IDs', async (t) => {
  const { run, catalog } = await opened(t)
  await catalog.createWorkspace(ACTOR, 'a', '')
  await catalog.createGroup(ACTOR, 'a', 'b', '')
  const format = { width: 8, shuffleKey: '00112233445566778899aabbccddeeff' }
  const space = { startAt: 49_211_904, dcCount: 1, format }
  await catalog.createTag(ACTOR, { workspace: 'a', group: 'b', name: 'c' }, { space })
  const error = await rejectsWith('IDGEN_REQUEST_INVALID', run([{ path: 'a/b/c', max: '48211903' }]))
  assert.match(error.faults[0]?.message ?? '', /in a format .*import into a new name/)
})

test('every fault of every row is told, and nothing is made', async (t) => {
  const { run, store } = await opened(t)
  const error = await run([
    { path: 'a/b/good', max: '1' },
    { path: 'a/b/Bad Name', max: '1' },
    { path: 'a/b/word', max: 'many' },
    { path: 'a/b/good', max: '2' },
    { path: 'a/b/huge', max: '9007199254740000' },
  ]).then(
    () => assert.fail('it must be refused'),
    (thrown: unknown) => IdgenError.from(thrown),
  )
  assert.deepEqual(
    error.faults.map(({ path }) => path),
    ['/rows/1', '/rows/2', '/rows/3', '/rows/4'],
  )
  assert.equal(await store.findTag({ workspace: 'a', group: 'b', name: 'good' }), undefined)
  await rejectsWith('IDGEN_REQUEST_INVALID', run([]))
})

test('an import at or above 2^53 forbids numbers: snowflakes lie there', async (t) => {
  const { run } = await opened(t)
  const rows = [{ path: 'a/b/c', max: '1234567890123456789' }]
  await rejectsWith('IDGEN_REQUEST_INVALID', run(rows))
  await rejectsWith('IDGEN_REQUEST_INVALID', run(rows, { algorithm: 'snowflake' }))
  assert.equal((await run(rows, { algorithm: 'uuid-v7' }))[0]?.outcome, 'made')
})

test('an imported tag of UUIDs that gives numbers later gives none that the old system gave', async (t) => {
  const { run, catalog } = await opened(t)
  const numeric = (name: string) =>
    catalog.updateTag(ACTOR, { workspace: 'a', group: 'b', name }, { algorithm: 'segment' }, undefined)
  const rows = [
    { path: 'a/b/low', max: '5000000' },
    { path: 'a/b/huge', max: '1234567890123456789' },
    { path: 'a/b/near', max: String(2n ** 53n - 1n) },
  ]
  const done = await run(rows, { algorithm: 'uuid-v7' })
  assert.deepEqual(
    done.map(({ startAt }) => startAt),
    [5_001_001, 2 ** 53 - 1, 2 ** 53 - 1],
  )
  assert.deepEqual(
    (await run(rows, { algorithm: 'uuid-v7' })).map(({ outcome }) => outcome),
    ['present', 'present', 'present'],
  )
  assert.equal((await numeric('low')).space.startAt, 5_001_001)
  for (const name of ['huge', 'near']) {
    const error = await rejectsWith('IDGEN_REQUEST_INVALID', numeric(name))
    assert.match(error.message, /must be UUIDs alone: the tag was imported/)
    // Nor when it is made again.
    const ref = { workspace: 'a', group: 'b', name }
    await catalog.deleteTag(ACTOR, ref, undefined)
    const smallest = { startAt: 0, cellSize: 1000, dcCount: 1 }
    for (const space of [{}, smallest])
      await rejectsWith('IDGEN_RANGE_EXHAUSTED', catalog.createTag(ACTOR, ref, { chain: ['segment'], space }))
    const own = rows.filter(({ path }) => path.endsWith(name))
    assert.equal((await run(own, { algorithm: 'uuid-v7' }))[0]?.outcome, 'made')
    await rejectsWith('IDGEN_REQUEST_INVALID', numeric(name))
  }
})

test('the last thousand numbers are a space like any other, of a tag that was not imported', async (t) => {
  const { run, catalog } = await opened(t)
  await run([{ path: 'a/b/c', max: '0' }])
  const ref = { workspace: 'a', group: 'b', name: 'last' }
  const space = { startAt: 2 ** 53 - 1000, cellSize: 1000, dcCount: 1 }
  await catalog.createTag(ACTOR, ref, { chain: ['segment'], space })
  const changed = await catalog.updateTag(ACTOR, ref, { chain: ['segment', 'uuid-v7'] }, undefined)
  assert.deepEqual(changed.chain, ['segment', 'uuid-v7'])
})

test('a tag of UUIDs that begins below the maximum does not stand for an imported one', async (t) => {
  const { run, catalog } = await opened(t)
  await run([{ path: 'a/b/c', max: '0' }], { margin: 0, algorithm: 'uuid-v7' })
  await rejectsWith('IDGEN_REQUEST_INVALID', run([{ path: 'a/b/c', max: '9' }], { algorithm: 'uuid-v7' }))
  assert.equal((await catalog.tag({ workspace: 'a', group: 'b', name: 'c' })).space.startAt, 1)
})

test('a dry run says what would be made and makes nothing', async (t) => {
  const { run, store } = await opened(t)
  assert.deepEqual(await run([{ path: 'a/b/c', max: '7' }], { dryRun: true }), [
    { path: 'a/b/c', startAt: 1008, outcome: 'planned' },
  ])
  assert.equal(await store.findWorkspace('a'), undefined)
})

test('a tag that must not degrade never does, and one that could is not taken for it', async (t) => {
  const { run, store } = await opened(t)
  const only = { chain: ['segment'] } as const
  const rows = [{ path: 'a/b/flakes', max: '1' }]
  assert.equal((await run(rows, only))[0]?.outcome, 'made')
  const made = await store.findTag({ workspace: 'a', group: 'b', name: 'flakes' })
  assert.deepEqual(made?.chain, ['segment'])
  assert.equal((await run(rows, only))[0]?.outcome, 'present')
  const degrades = [{ path: 'a/b/degrades', max: '1' }]
  await run(degrades)
  const error = await rejectsWith('IDGEN_REQUEST_INVALID', run(degrades, only))
  assert.match(
    error.faults[0]?.message ?? '',
    /issues by segment, snowflake, uuid-v7, uuid-v4, not by segment alone/,
  )
})

test('a tag that was imported without snowflakes gets none by any later change, in no database', async (t) => {
  const { run, catalog } = await opened(t)
  const rows = [{ path: 'a/b/flakes', max: '1' }]
  await run(rows, { chain: ['segment'] })
  const ref = { workspace: 'a', group: 'b', name: 'flakes' }
  const changes: readonly TagRequest[] = [
    { algorithm: 'segment' },
    { algorithm: 'snowflake' },
    { chain: ['segment', 'snowflake'] },
  ]
  for (const change of changes) {
    const error = await rejectsWith('IDGEN_REQUEST_INVALID', catalog.updateTag(ACTOR, ref, change, undefined))
    assert.match(error.message, /must not have snowflake: the tag was imported without it/)
  }
  const changed = await catalog.updateTag(ACTOR, ref, { chain: ['segment', 'uuid-v7'] }, undefined)
  assert.deepEqual(changed.chain, ['segment', 'uuid-v7'])
  // Written into etcd by hand, it is no more a tag there.
  const parsed = parseTagRecord(printTagRecord({ ...changed, chain: ['segment', 'snowflake'] }))
  assert.match(JSON.stringify(parsed), /must not have snowflake/)
})

test('a tag that could be given snowflakes later does not stand for one that may not', async (t) => {
  const { run, catalog } = await opened(t)
  await catalog.createWorkspace(ACTOR, 'a', '')
  await catalog.createGroup(ACTOR, 'a', 'b', '')
  const request = { chain: ['segment'], space: { startAt: 2000 } } as const
  await catalog.createTag(ACTOR, { workspace: 'a', group: 'b', name: 'c' }, request)
  const rows = [{ path: 'a/b/c', max: '1' }]
  const error = await rejectsWith('IDGEN_REQUEST_INVALID', run(rows, { chain: ['segment'] }))
  assert.match(error.faults[0]?.message ?? '', /could be given snowflakes later/)
})

test('a chain that no tag may have is refused before anything is made, and when it is only tried', async (t) => {
  const { run, store } = await opened(t)
  const rows = [{ path: 'new/b/c', max: '1' }]
  for (const chain of [['segment', 'segment'], ['uuid-v4', 'segment'], []])
    for (const dryRun of [true, false]) {
      const error = await rejectsWith('IDGEN_REQUEST_INVALID', run(rows, { chain, dryRun }))
      assert.match(error.faults[0]?.path ?? '', /^\/rows\/0/)
    }
  assert.equal(await store.findWorkspace('new'), undefined)
})
