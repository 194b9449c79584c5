import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { memoryUseCases } from '../../test/fixtures/memory-use-cases.ts'
import { MemoryTagBatch } from '../adapters/memory/memory-tag-batch.ts'
import { IdgenError } from '../core/errors.ts'
import type { RowResult } from '../core/row-result.ts'
import { type Tag, tagPath } from '../core/tag.ts'
import type { TagBatch } from '../ports/tag-batch.ts'
import { ManageTagBatches } from './manage-tag-batches.ts'

const ACTOR = { actor: 'a key', traceId: 'f'.repeat(32) }
const refOf = (name: string) => ({ workspace: 'w', group: 'g', name })

async function started(t: TestContext) {
  const memory = await memoryUseCases()
  t.after(() => memory.stop())
  const { batches, catalog } = memory.useCases
  await catalog.createWorkspace(ACTOR, 'w', '')
  await catalog.createGroup(ACTOR, 'w', 'g', '')
  const make = async (...names: string[]) =>
    valuesIn(
      await batches.createTags(
        ACTOR,
        names.map((name) => ({ ref: refOf(name), request: {} })),
      ),
    )
  const audited = async (action: string) =>
    (await memory.audited()).filter((record) => record.action === action)
  return { ...memory, batches, make, audited }
}

test('each tag has the record in the audit log that it has alone, and a row that is refused has none', async (t) => {
  const { batches, make, audited } = await started(t)
  const [a, b] = await make('a', 'b', 'a', 'A b')
  assert.ok(a !== undefined && b !== undefined)
  assert.deepEqual(
    (await audited('tag.create')).map(({ subject, actor, workspace, detail }) => [
      subject,
      actor,
      workspace,
      detail,
    ]),
    [a, b].map((after) => [`w/g/${after.name}`, 'a key', 'w', written({ after })]),
  )
  const changed = await batches.updateTags(ACTOR, [a, { ...b, version: 7 }], { step: { base: 500, min: 1 } })
  assert.deepEqual(codesOf(changed), ['', 'IDGEN_VERSION_MISMATCH'])
  const [after] = valuesIn(changed)
  assert.deepEqual(
    (await audited('tag.update')).map(({ subject, detail }) => [subject, detail]),
    [['w/g/a', written({ before: a, after })]],
  )
  assert.ok(after !== undefined)
  assert.deepEqual(codesOf(await batches.deleteTags(ACTOR, [after, { ...b, version: 7 }])), [
    '',
    'IDGEN_VERSION_MISMATCH',
  ])
  assert.deepEqual(
    (await audited('tag.delete')).map(({ subject, detail }) => [subject, detail]),
    [['w/g/a', written({ before: after })]],
  )
})

test('a change that changes nothing raises no version and leaves no record', async (t) => {
  const { batches, make, audited } = await started(t)
  const tags = await make('a', 'b')
  const same = await batches.updateTags(ACTOR, tags, { step: { base: tags[0]?.step.base ?? 0 } })
  assert.deepEqual(valuesIn(same), tags)
  assert.deepEqual(await audited('tag.update'), [])
})

test('a request that no tag may have is refused for each, and the number space is fixed', async (t) => {
  const { batches, make } = await started(t)
  const tags = await make('a', 'b')
  const invalid = await batches.updateTags(ACTOR, tags, { step: { base: 1, min: 2 } })
  assert.deepEqual(codesOf(invalid), ['IDGEN_REQUEST_INVALID', 'IDGEN_REQUEST_INVALID'])
  const fixed = await batches.updateTags(ACTOR, tags, { space: { dcCount: 1 } })
  assert.deepEqual(codesOf(fixed), ['IDGEN_IMMUTABLE', 'IDGEN_IMMUTABLE'])
})

test('what this process serves follows at once', async (t) => {
  const { batches, make, useCases } = await started(t)
  const [a, b] = await make('a', 'b')
  assert.ok(a !== undefined && b !== undefined)
  const live = await useCases.directory.resolve('w/g/a')
  await useCases.directory.resolve('w/g/b')
  await batches.updateTags(ACTOR, [a], { step: { base: 77, min: 1 } })
  assert.equal(live.tag.step.base, 77)
  await batches.deleteTags(ACTOR, [b])
  assert.equal(useCases.directory.peek('w/g/b'), undefined)
})

test('where the store fails each row that it had is recorded as open, and rows that never reached it say why', async (t) => {
  const { batches, make, useCases, service, audited } = await started(t)
  const tags = await make('a', 'b')
  const lost = new IdgenError('IDGEN_STORE_UNAVAILABLE', 'It is unknown whether the database kept it.')
  const failing = new ManageTagBatches({
    batch: failingBatch(new MemoryTagBatch(useCases.catalog.store), lost),
    directory: useCases.directory,
    audit: service.audit,
    clock: useCases.clock,
  })
  const made = await failing.createTags(
    ACTOR,
    ['c', 'A b'].map((name) => ({ ref: refOf(name), request: {} })),
  )
  assert.deepEqual(codesOf(made), ['IDGEN_STORE_UNAVAILABLE', 'IDGEN_NAME_INVALID'])
  const changed = await failing.updateTags(ACTOR, tags, { step: { base: 500, min: 1 } })
  const gone = await failing.deleteTags(ACTOR, tags)
  for (const rows of [changed, gone]) assert.deepEqual(rows, [{ refused: lost }, { refused: lost }])
  const open = async (action: string) =>
    (await audited(action))
      .filter(({ result }) => result === lost.code)
      .map(({ subject, detail }) => [subject, detail?.['outcome'], detail?.['before']])
  assert.deepEqual(await open('tag.create'), [['w/g/c', 'unknown', undefined]])
  for (const action of ['tag.update', 'tag.delete'])
    assert.deepEqual(
      await open(action),
      tags.map((before) => [tagPath(before), 'unknown', written(before)]),
      action,
    )
  assert.deepEqual(codesOf(await batches.tags([refOf('a'), refOf('none')])), ['', 'IDGEN_TAG_NOT_FOUND'])
})

test('a deletion that was begun is recorded as that, and one that was refused is not', async (t) => {
  const { make, useCases, service, audited } = await started(t)
  const [a, b] = await make('a', 'b')
  assert.ok(a !== undefined && b !== undefined)
  const store = new MemoryTagBatch(useCases.catalog.store)
  const refused = new IdgenError('IDGEN_SPACE_MISMATCH', 'A record is unreadable.')
  t.mock.method(store, 'deleteTags', async () => [{ refused, isBegun: true }, { refused }])
  const { directory, clock } = useCases
  const begun = new ManageTagBatches({ batch: store, directory, audit: service.audit, clock })
  await begun.deleteTags(ACTOR, [a, b])
  assert.deepEqual(
    (await audited('tag.delete')).map(({ subject, result, detail }) => [subject, result, detail]),
    [['w/g/a', 'IDGEN_SPACE_MISMATCH', written({ before: a, outcome: 'begun' })]],
  )
})

test('a row that was not tried has no record, whatever its error says of others', async (t) => {
  const { make, useCases, service, audited } = await started(t)
  const [a] = await make('a')
  assert.ok(a !== undefined)
  const store = new MemoryTagBatch(useCases.catalog.store)
  const refused = new IdgenError('IDGEN_COORDINATION_UNAVAILABLE', 'No answer.')
  t.mock.method(store, 'deleteTags', async () => [{ refused, isUntried: true }])
  const { directory, clock } = useCases
  const untried = new ManageTagBatches({ batch: store, directory, audit: service.audit, clock })
  assert.deepEqual(await untried.deleteTags(ACTOR, [a]), [{ refused, isUntried: true }])
  assert.deepEqual(await audited('tag.delete'), [])
})

/** Finds tags, and fails whatever else it is told. */
function failingBatch(batch: TagBatch, lost: IdgenError): TagBatch {
  const fail = async (): Promise<never> => {
    throw lost
  }
  return {
    findTags: (refs) => batch.findTags(refs),
    findDeclarations: (refs) => batch.findDeclarations(refs),
    createTags: fail,
    updateTags: fail,
    beginDeletions: fail,
    deleteTags: fail,
  }
}

/** As the audit log has it. */
function written(detail: object): unknown {
  return JSON.parse(JSON.stringify(detail))
}

function codesOf(results: readonly RowResult<unknown>[]): string[] {
  return results.map((row) => ('value' in row ? '' : row.refused.code))
}

function valuesIn(results: readonly RowResult<Tag>[]): Tag[] {
  return results.flatMap((row) => ('value' in row ? [row.value] : []))
}

test('a row whose layout begins later is refused, and no other', async (t) => {
  const { batches, useCases } = await started(t)
  const epochMs = useCases.clock.nowMs() + 1
  const snowflake = { epochMs, unitMs: 1, timeBits: 41, dcBits: 3, workerBits: 8, sequenceBits: 10 }
  const wanted = [{}, { space: { format: { snowflake } } }]
  const made = await batches.createTags(
    ACTOR,
    wanted.map((request, at) => ({ ref: refOf(`n${at}`), request })),
  )
  assert.deepEqual(codesOf(made), ['', 'IDGEN_REQUEST_INVALID'])
})
