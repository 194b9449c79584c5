import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { RowResult } from '../../service/core/row-result.ts'
import { DEFAULT_SPACE, DEFAULT_STEP, type Tag } from '../../service/core/tag.ts'
import type { CatalogStore, NewTag } from '../../service/ports/catalog-store.ts'
import type { DeclarationStore } from '../../service/ports/declaration-store.ts'
import type { SegmentStore } from '../../service/ports/segment-store.ts'
import type { TagBatchStore } from '../../service/ports/tag-batch.ts'

export interface TagBatchStores {
  readonly batch: TagBatchStore
  /** On the same data. */
  readonly catalog: CatalogStore
  readonly declarations: DeclarationStore
  readonly segments: SegmentStore
  close(): Promise<void>
}

/** What every TagBatchStore must do: for each row what CatalogStore does for one tag. */
export function tagBatchContract(name: string, make: () => Promise<TagBatchStores>): void {
  describe(`${name} keeps the contract of TagBatchStore`, () => {
    let stores: TagBatchStores
    let batch: TagBatchStore
    let catalog: CatalogStore

    before(async () => {
      stores = await make()
      ;({ batch, catalog } = stores)
      for (const workspace of ['a', 'b']) {
        await catalog.createWorkspace(workspace, '')
        await catalog.createGroup(workspace, 'g', '')
      }
    })
    after(() => stores?.close())

    it('finds many tags, of several groups, in the order in which they are asked for', async () => {
      const one = await catalog.createTag(newTag('find'))
      const other = await catalog.createTag(newTag('find', { workspace: 'b' }))
      await catalog.createTag(newTag('find-gone'))
      await catalog.deleteTag(newTag('find-gone'), undefined)
      // Names that come together in no tag: neither is found by a part of it.
      const refs = [other, newTag('find-gone'), newTag('none'), newTag('find', { group: 'none' }), one]
      assert.deepEqual(await batch.findTags(refs), [other, undefined, undefined, undefined, one])
      assert.deepEqual(await batch.findTags([]), [])
    })

    it('knows of many tags who declares them', async () => {
      await catalog.createTag(newTag('owned'))
      await catalog.createTag(newTag('free'))
      await declare('owned')
      const refs = [newTag('free'), newTag('owned'), newTag('none')]
      const found = await batch.findDeclarations(refs)
      assert.deepEqual(
        found.map((one) => one?.generation),
        [undefined, 1, undefined],
      )
      assert.deepEqual(await batch.findDeclarations([]), [])
    })

    it('makes the tags that it can, each as one alone would be', async () => {
      await catalog.createTag(newTag('make-there'))
      await catalog.createTag(newTag('make-again', { space: { ...DEFAULT_SPACE, startAt: 7000 } }))
      await catalog.deleteTag(newTag('make-again'), undefined)
      const format = { prefix: 'INV-', width: 6 }
      const agreed = { generation: 'ab'.repeat(16), space: { ...DEFAULT_SPACE, startAt: 9 } }
      const wanted = [
        newTag('make-plain', { displayName: '订单 "1"', chain: ['segment', 'snowflake'] }),
        newTag('make-there'),
        newTag('make-again'),
        newTag('make-nowhere', { group: 'none' }),
        newTag('make-format', { space: { ...DEFAULT_SPACE, format } }),
        newTag('make-again', { workspace: 'b', ...agreed }),
      ]
      const results = await batch.createTags(wanted)
      assert.deepEqual(codesOf(results), ['', 'IDGEN_ALREADY_EXISTS', '', 'IDGEN_GROUP_NOT_FOUND', '', ''])
      const made = results.map((row) => ('value' in row ? row.value : undefined))
      const there = await catalog.findTag(newTag('make-there'))
      assert.deepEqual(await batch.findTags(wanted), made.with(1, there))
      for (const [at, tag] of made.entries()) {
        if (tag === undefined) continue
        const { id, generation, version, createdAt, updatedAt, space: _space, ...rest } = tag
        const { space: _wanted, generation: _agreed, ...draft } = wanted[at] ?? newTag('')
        assert.deepEqual(rest, draft)
        assert.match(generation, /^[0-9a-f]{32}$/)
        assert.ok(Number.isSafeInteger(id) && version === 1 && createdAt <= updatedAt)
      }
      assert.equal(made[2]?.space.startAt, 7000, 'above its predecessor')
      assert.deepEqual(made[4]?.space.format, format)
      assert.deepEqual([made[5]?.generation, made[5]?.space.startAt], [agreed.generation, 9])
    })

    it('takes no generation twice, and none below what was granted', async () => {
      const { generation } = await catalog.createTag(newTag('used'))
      await catalog.deleteTag(newTag('used'), undefined)
      await catalog.createTag(newTag('used-high', { space: { ...DEFAULT_SPACE, startAt: 500 } }))
      await catalog.deleteTag(newTag('used-high'), undefined)
      const results = await batch.createTags([
        newTag('used', { generation, space: { ...DEFAULT_SPACE, startAt: 10_000 } }),
        newTag('used-high', { generation: 'cd'.repeat(16), space: { ...DEFAULT_SPACE, startAt: 499 } }),
        newTag('used-not', { generation: 'ef'.repeat(16) }),
        newTag('used-above', { generation: 'ef'.repeat(16) }),
      ])
      const refused = 'IDGEN_SPACE_MISMATCH'
      assert.deepEqual(codesOf(results), [refused, refused, '', refused])
    })

    it('changes the tags that it can', async () => {
      const made = valuesIn(
        await batch.createTags(['a', 'b', 'c', 'd'].map((one) => newTag(`change-${one}`))),
      )
      await catalog.updateTag(newTag('change-b'), { displayName: 'by another' }, undefined)
      await declare('change-c')
      const step = { base: 5, min: 2, max: 9 }
      const results = await batch.updateTags([
        ...made.slice(0, 3).map((tag) => ({ ref: tag, change: { step }, ifVersion: tag.version })),
        { ref: newTag('change-none'), change: { step }, ifVersion: undefined },
        {
          ref: newTag('change-d'),
          change: { displayName: '“quoted” \\ {}', chain: ['snowflake', 'uuid-v7'] },
          ifVersion: undefined,
        },
      ])
      assert.deepEqual(codesOf(results), [
        '',
        'IDGEN_VERSION_MISMATCH',
        'IDGEN_TAG_DECLARED',
        'IDGEN_TAG_NOT_FOUND',
        '',
      ])
      const [a, b, c, d] = await batch.findTags(made)
      assert.deepEqual([a?.step, a?.version, a?.chain], [step, 2, made[0]?.chain])
      assert.deepEqual([b?.step, b?.version], [made[1]?.step, 2])
      assert.deepEqual([c?.step, c?.version], [made[2]?.step, 1])
      assert.deepEqual([d?.displayName, d?.chain], ['“quoted” \\ {}', ['snowflake', 'uuid-v7']])
      assert.deepEqual(d?.step, made[3]?.step)
      assert.deepEqual(valuesIn(results), [a, d])
    })

    it('deletes the tags that it can, each with a high water above what was granted', async () => {
      const made = valuesIn(await batch.createTags(['a', 'b', 'c', 'd'].map((one) => newTag(`go-${one}`))))
      const { hi } = await stores.segments.allocate(made[0]?.id ?? 0, 0, 100)
      await catalog.updateTag(newTag('go-b'), { displayName: 'by another' }, undefined)
      await declare('go-c')
      const results = await batch.deleteTags([
        ...made.slice(0, 3).map((tag) => ({ ref: tag, ifVersion: tag.version })),
        { ref: newTag('go-none'), ifVersion: undefined },
        {
          ref: newTag('go-d'),
          ifVersion: undefined,
          grave: { generation: made[3]?.generation ?? '', atLeast: 77_777 },
        },
      ])
      assert.deepEqual(codesOf(results), [
        '',
        'IDGEN_VERSION_MISMATCH',
        'IDGEN_TAG_DECLARED',
        'IDGEN_TAG_NOT_FOUND',
        '',
      ])
      const left = await batch.findTags(made)
      assert.deepEqual(
        left.map((tag) => tag?.name),
        [undefined, 'go-b', 'go-c', undefined],
      )
      await assert.rejects(stores.segments.allocate(made[0]?.id ?? 0, 0, 100), {
        code: 'IDGEN_TAG_NOT_FOUND',
      })
      const { startAt, cellSize, dcCount } = made[0]?.space ?? DEFAULT_SPACE
      assert.ok(hi > startAt)
      // Rounded: others may grant of it still.
      const { highWater } = await catalog.findRemains(newTag('go-a'))
      assert.equal(highWater, startAt + cellSize * dcCount)
      assert.ok((await catalog.findRemains(newTag('go-d'))).highWater >= 77_777)
      const wrong = { generation: '0'.repeat(32), atLeast: 0 }
      const again = await batch.deleteTags([{ ref: newTag('go-b'), ifVersion: undefined, grave: wrong }])
      assert.deepEqual(codesOf(again), ['IDGEN_TAG_NOT_FOUND'])
    })

    it('notes deletions, and ends them with the tags', async () => {
      const made = valuesIn(await batch.createTags([newTag('begin-a'), newTag('begin-b')]))
      await declare('begin-b')
      const rows = made.map((tag) => ({ ref: tag, ifVersion: tag.version }))
      for (let twice = 0; twice < 2; twice += 1)
        assert.deepEqual(codesOf(await batch.beginDeletions(rows)), ['', 'IDGEN_TAG_DECLARED'])
      assert.equal((await catalog.findPublication(newTag('begin-a')))?.deleting, true)
      assert.equal((await catalog.findPublication(newTag('begin-b')))?.deleting, false)
      await batch.deleteTags(rows.slice(0, 1))
      await catalog.createTag(newTag('begin-a'))
      assert.equal((await catalog.findPublication(newTag('begin-a')))?.deleting, false)
    })

    it('knows of many names what each has in common with a coordinator, and what its deleted tags left', async () => {
      const space = { ...DEFAULT_SPACE, startAt: 900 }
      await batch.createTags([newTag('know-a'), newTag('know-b', { space }), newTag('know-gone', { space })])
      await catalog.deleteTag(newTag('know-gone'), undefined)
      await catalog.createTag(newTag('know-gone'))
      await batch.beginDeletions([{ ref: newTag('know-b'), ifVersion: undefined }])
      await declare('know-a')
      const names = [newTag('know-b'), newTag('know-none'), newTag('know-gone'), newTag('know-a')]
      const publications = await batch.findPublications(names)
      assert.deepEqual(
        publications.map((one) => one && [one.tag.name, one.deleting, one.declaration?.owner.name]),
        [
          ['know-b', true, undefined],
          undefined,
          ['know-gone', false, undefined],
          ['know-a', false, 'know-a'],
        ],
      )
      assert.deepEqual(publications, await Promise.all(names.map((ref) => catalog.findPublication(ref))))
      const remains = await batch.findRemains(names)
      assert.deepEqual(
        remains.map(({ deletedGenerations }) => deletedGenerations.length),
        [0, 0, 1, 0],
      )
      assert.ok((remains[2]?.highWater ?? 0) >= 900)
      assert.deepEqual(remains, await Promise.all(names.map((ref) => catalog.findRemains(ref))))
      assert.deepEqual([await batch.findPublications([]), await batch.findRemains([])], [[], []])
    })

    it('notes how far many tags were published, only forward, and of none that another one of the name took over', async () => {
      const made = valuesIn(await batch.createTags([newTag('mark-a'), newTag('mark-b'), newTag('mark-c')]))
      const [a, b, c] = made
      assert.ok(a !== undefined && b !== undefined && c !== undefined)
      const { revision } = await catalog.changesSince(0)
      const mark = async (...revisions: readonly number[]) => {
        const tags = [a, b, { ...c, generation: 'f'.repeat(32) }]
        await batch.markPublished(tags.map((tag, at) => ({ tag, revision: revisions[at] ?? 0 })))
        return (await batch.findPublications(made)).map((one) => one?.configRevision)
      }
      assert.deepEqual(await mark(5, 7, 9), [5, 7, 0])
      assert.deepEqual(await mark(8, 6, 9), [8, 7, 0])
      await batch.markPublished([])
      assert.deepEqual(
        (await catalog.changesSince(revision)).tagPaths,
        [],
        'no change that followers are told of',
      )
    })

    it('notes them while others write the same tags, and waits for nobody in a circle', async () => {
      const made = valuesIn(
        await batch.createTags(Array.from({ length: 20 }, (_, at) => newTag(`mark-race-${at}`))),
      )
      const tags = made.map((tag) => ({ tag, revision: 3 }))
      const updates = made.map((ref) => ({ ref, change: { displayName: 'x' }, ifVersion: undefined }))
      await Promise.all([
        batch.markPublished(tags),
        batch.markPublished(tags.toReversed()),
        batch.updateTags(updates),
        batch.updateTags(updates.toReversed()),
        ...tags.map(({ tag, revision }) => catalog.markPublished(tag, revision)),
      ])
      const marked = await batch.findPublications(made)
      assert.ok(marked.every((one) => one?.configRevision === 3 && one.tag.version === 3))
    })

    it('tells followers of each tag that it changed, and of no other', async () => {
      const { revision } = await catalog.changesSince(0)
      await batch.createTags([newTag('tell-a'), newTag('tell-b'), newTag('tell-x', { group: 'none' })])
      const made = await catalog.changesSince(revision)
      assert.deepEqual([...made.tagPaths].sort(), ['a/g/tell-a', 'a/g/tell-b'])
      const update = { change: { displayName: 'x' }, ifVersion: undefined }
      await batch.updateTags([
        { ref: newTag('tell-b'), ...update },
        { ref: newTag('tell-x'), ...update },
      ])
      const changed = await catalog.changesSince(made.revision)
      assert.deepEqual(changed.tagPaths, ['a/g/tell-b'])
      await batch.deleteTags([
        { ref: newTag('tell-x'), ifVersion: undefined },
        { ref: newTag('tell-a'), ifVersion: undefined },
      ])
      const gone = await catalog.changesSince(changed.revision)
      assert.deepEqual(gone.tagPaths, ['a/g/tell-a'])
      assert.deepEqual((await catalog.changesSince(gone.revision)).tagPaths, [])
    })

    it('leaves no row out and none twice while others write the same tags', async () => {
      const refs = Array.from({ length: 20 }, (_, at) => newTag(`race-${at}`))
      const outcomes = await Promise.all([
        batch.createTags(refs),
        batch.createTags(refs.toReversed()),
        ...refs.map(async (ref) => {
          const [outcome] = await Promise.allSettled([catalog.createTag(ref)])
          return outcome?.status === 'fulfilled' ? [{ value: outcome.value }] : []
        }),
      ])
      const made = outcomes.flatMap((rows) => valuesIn(rows))
      assert.deepEqual(made.map(({ name }) => name).sort(), refs.map(({ name }) => name).sort())
      assert.equal((await batch.findTags(refs)).filter((tag) => tag === undefined).length, 0)
    })

    async function declare(name: string): Promise<void> {
      const tag = await catalog.findTag(newTag(name))
      assert.ok(tag !== undefined)
      const owner = { cluster: 'c', namespace: 'n', name, uid: `uid of ${name}`, createdAt: new Date(0) }
      await stores.declarations.declare(tag, tag.generation, { owner, generation: 1 }, undefined)
    }
  })
}

function codesOf(results: readonly RowResult<unknown>[]): string[] {
  return results.map((row) => ('value' in row ? '' : row.refused.code))
}

function valuesIn(results: readonly RowResult<Tag>[]): Tag[] {
  return results.flatMap((row) => ('value' in row ? [row.value] : []))
}

function newTag(name: string, more: Partial<NewTag> = {}): NewTag {
  return {
    workspace: 'a',
    group: 'g',
    name,
    displayName: `Tag ${name}`,
    chain: ['segment'],
    step: DEFAULT_STEP,
    space: DEFAULT_SPACE,
    ...more,
  }
}
