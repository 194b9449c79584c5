import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { JoinedDatabase, newTag, SMALL_SPACE } from '../../test/fixtures/joined-databases.ts'
import { settle } from '../../test/fixtures/settle.ts'
import { MemoryClock } from '../adapters/memory/memory-clock.ts'
import { MemoryCoordination } from '../adapters/memory/memory-coordination.ts'
import { MemoryCoordinator } from '../adapters/memory/memory-coordinator.ts'
import { configKey, rangeKey, tombstoneKey, witnessKey } from '../core/coordination-keys.ts'
import { parseTagRecord, printTagRecord, recordOf, type TagRecord } from '../core/tag-record.ts'

const REF = { workspace: 'w', group: 'g', name: 't' }
const PATH = 'w/g/t'

/** Two data centres with a database each, joined by one etcd, whose exchange runs. */
async function joined(t: { after(fn: () => unknown): void }) {
  const clock = new MemoryClock()
  const etcd = new MemoryCoordination(clock)
  const one = await new JoinedDatabase({ clock, etcd, dc: 0 }).withGroup()
  const two = new JoinedDatabase({ clock, etcd, dc: 1 })
  t.after(() => Promise.all([one.stop(), two.stop()]))
  for (const each of [one, two]) each.sync.start()
  const hand = new MemoryCoordinator(etcd)
  const edit = (key: string, value: string | undefined) =>
    hand.transact({ compare: [], change: [value === undefined ? { delete: key } : { put: key, value }] })
  const shared = async (key: string) => (await hand.get(key))?.value
  const rest = async () => {
    await settle()
    await Promise.all([one.sync.settled(), two.sync.settled()])
    await settle()
  }
  return { clock, etcd, one, two, edit, shared, rest }
}

describe('two databases joined by an etcd', () => {
  it('have one tag with one generation and one number space, whoever made it', async (t) => {
    const { one, two, rest, shared } = await joined(t)
    const made = await one.catalog.createTag(newTag('t', { displayName: 'T' }))
    await rest()
    const other = await two.store.findTag(REF)
    assert.deepEqual(other && recordOf(other), recordOf(made))
    assert.equal(other?.id, made.id)
    assert.deepEqual(two.imported, [PATH])
    const imports = await two.audited('tag.import')
    assert.deepEqual(
      imports.map(({ subject, actor }) => [subject, actor]),
      [[PATH, 'etcd']],
    )
    assert.deepEqual(parseTagRecord((await shared(configKey(PATH))) ?? ''), { record: recordOf(made) })
  })

  it('grant disjoint numbers of it', async (t) => {
    const { one, two, rest } = await joined(t)
    await one.catalog.createTag(newTag('t'))
    await rest()
    const numbers: number[] = []
    for (let round = 0; round < 150; round += 1)
      numbers.push(...(await one.grant('t', 17)), ...(await two.grant('t', 17)))
    assert.equal(new Set(numbers).size, numbers.length)
  })

  it('take over a change of settings, from the API of either', async (t) => {
    const { one, two, rest } = await joined(t)
    await one.catalog.createTag(newTag('t'))
    await rest()
    await two.catalog.updateTag(REF, { displayName: 'Two', step: { base: 5, min: 5, max: 5 } }, undefined)
    await rest()
    assert.equal((await one.store.findTag(REF))?.displayName, 'Two')
    await one.catalog.updateTag(REF, { chain: ['segment', 'uuid-v7'] }, undefined)
    await rest()
    const after = await two.store.findTag(REF)
    assert.deepEqual([after?.chain, after?.step.base], [['segment', 'uuid-v7'], 5])
    assert.deepEqual((await two.audited('tag.refused')).length + (await one.audited('tag.refused')).length, 0)
  })

  it('both delete it, and the next one of the name begins above all numbers of either', async (t) => {
    const { one, two, rest, shared } = await joined(t)
    await one.catalog.createTag(newTag('t'))
    await rest()
    const used = [...(await one.grant('t', 400)), ...(await two.grant('t', 400))]
    await two.catalog.deleteTag(REF, undefined)
    await rest()
    assert.equal(await one.store.findTag(REF), undefined)
    assert.deepEqual(
      (await one.audited('tag.delete')).map(({ subject }) => subject),
      [PATH],
    )
    assert.equal(await shared(rangeKey(PATH)), undefined)
    const again = await one.catalog.createTag(newTag('t'))
    assert.ok(again.space.startAt > Math.max(...used), `${again.space.startAt}`)
    await rest()
    assert.deepEqual((await two.store.findTag(REF))?.space, again.space)
    assert.deepEqual([one.conflicts.paths, two.conflicts.paths], [[], []])
  })

  it('stop the one that made a tag of its own before they were joined, until one of the two goes', async (t) => {
    const { one, two, rest } = await joined(t)
    await two.withGroup()
    await two.store.createTag(newTag('t', { generation: 'e'.repeat(32) }))
    await two.grant('t')
    await one.catalog.createTag(newTag('t'))
    await rest()
    assert.deepEqual([one.conflicts.paths, two.conflicts.paths], [[], [PATH]])
    await assert.rejects(two.grant('t'), { code: 'IDGEN_SPACE_MISMATCH' })
    assert.equal((await one.grant('t')).length, 10)
    assert.equal((await two.audited('range.conflict')).length, 1)
    await two.resync.pass()
    await rest()
    assert.equal((await two.audited('range.conflict')).length, 1, 'told once')
    await two.catalog.deleteTag(REF, undefined)
    await rest()
    assert.deepEqual(two.conflicts.paths, [])
    assert.equal((await one.grant('t')).length, 10, 'the owner goes on')
    assert.equal(await two.store.findTag(REF), undefined, 'its numbers may be those of the one deleted here')
  })

  it('grant nothing of a tag in conflict before its claim was really written', async (t) => {
    const { one, two, rest } = await joined(t)
    await two.withGroup()
    await two.store.createTag(newTag('t', { space: { ...SMALL_SPACE, cellSize: 500 } }))
    await one.catalog.createTag(newTag('t'))
    await rest()
    assert.deepEqual(two.conflicts.paths, [PATH])
    await two.sync.stop()
    await one.catalog.deleteTag(REF, undefined)
    // Read, then the claim fails: by now the name may be somebody else's again.
    two.coordinator.cut = { after: 2, lost: 'request' }
    await two.sync.sync(PATH)
    assert.deepEqual(two.conflicts.paths, [PATH])
  })
})

describe('a configuration key edited by hand', () => {
  async function withTag(t: { after(fn: () => unknown): void }) {
    const all = await joined(t)
    const made = await all.one.catalog.createTag(newTag('t'))
    await all.rest()
    const change = (fields: Partial<TagRecord> | object) =>
      all.edit(configKey(PATH), JSON.stringify({ ...recordOf(made), ...fields }))
    return { ...all, made, change }
  }

  it('is taken in by all databases when it is valid, and audited in each', async (t) => {
    const { one, two, rest, change } = await withTag(t)
    await change({ displayName: 'By hand', step: { base: 7, min: 7, max: 70 } })
    await rest()
    for (const each of [one, two]) {
      const tag = await each.store.findTag(REF)
      assert.deepEqual([tag?.displayName, tag?.step.base], ['By hand', 7])
      const taken = (await each.audited('tag.import')).at(-1)
      assert.deepEqual([taken?.subject, taken?.workspace, taken?.result], [PATH, 'w', 'ok'])
    }
  })

  it('is put back when it is not, with all faults in the audit log, once', async (t) => {
    const { one, two, rest, edit, made, shared } = await withTag(t)
    const texts = ['{"__proto__":{"polluted":1}}', 'no JSON', '9'.repeat(1_000_000)]
    for (const text of texts) {
      await edit(configKey(PATH), text)
      await rest()
      assert.equal(await shared(configKey(PATH)), printTagRecord(made))
    }
    const refused = [...(await one.audited('tag.refused')), ...(await two.audited('tag.refused'))]
    assert.deepEqual(
      refused.map(({ result, actor }) => [result, actor]),
      texts.map(() => ['IDGEN_CONFIG_INVALID', 'etcd']),
    )
    assert.ok(JSON.stringify(refused).length < 10_000, 'what was written by mistake is cut')
    assert.deepEqual((await one.store.findTag(REF))?.version, 1)
    assert.equal(Object.hasOwn(Object.prototype, 'polluted'), false)
  })

  it('never changes generation or number space', async (t) => {
    const { one, two, rest, made, change, shared } = await withTag(t)
    for (const fields of [{ generation: 'f'.repeat(32) }, { space: { ...SMALL_SPACE, startAt: 5000 } }]) {
      await change(fields)
      await rest()
      assert.equal(await shared(configKey(PATH)), printTagRecord(made))
    }
    const refused = [...(await one.audited('tag.refused')), ...(await two.audited('tag.refused'))]
    assert.deepEqual(
      refused.map(({ result }) => result),
      ['IDGEN_SPACE_MISMATCH', 'IDGEN_SPACE_MISMATCH'],
    )
    assert.deepEqual([one.conflicts.paths, two.conflicts.paths], [[], []])
  })

  it('comes back when it was deleted: tags are deleted through the API', async (t) => {
    const { one, two, rest, edit, made, shared } = await withTag(t)
    await edit(configKey(PATH), undefined)
    await rest()
    assert.equal(await shared(configKey(PATH)), printTagRecord(made))
    const refused = [...(await one.audited('tag.refused')), ...(await two.audited('tag.refused'))]
    assert.match(JSON.stringify(refused.map(({ detail }) => detail)), /delete a tag through the API/)
    assert.equal(refused.length, 1)
  })

  it('makes a tag with workspace and group in all databases, with its numbers claimed', async (t) => {
    const { one, two, rest, edit, made, shared } = await withTag(t)
    const record = { ...recordOf(made), generation: '9'.repeat(32) }
    await edit(configKey('new/place/tag'), JSON.stringify(record))
    await rest()
    for (const each of [one, two]) {
      const tag = await each.store.findTag({ workspace: 'new', group: 'place', name: 'tag' })
      assert.deepEqual(tag && recordOf(tag), record)
    }
    assert.match((await shared(rangeKey('new/place/tag'))) ?? '', /9{32}/)
  })

  it('goes away when nobody has the tag and it is not valid, or is no name', async (t) => {
    const { one, rest, edit, shared } = await withTag(t)
    await edit(configKey('w/g/none'), '{}')
    await rest()
    assert.equal(await shared(configKey('w/g/none')), undefined)
    for (const name of [
      '*',
      '',
      'w',
      'w/g',
      'w/g/t/u',
      'W/G/T',
      '__proto__',
      'w//t',
      `w/g/${'x'.repeat(5000)}`,
    ])
      await edit(configKey(name), '{}')
    await rest()
    await one.sync.compareAll()
    await rest()
    const told = one.log.lines.filter(({ text }) => text === 'configuration key in etcd ignored')
    assert.equal(told.length, 9, 'each once')
    assert.ok(told.every(({ fields }) => String(fields['key']).length <= 2000))
  })

  it('that belongs to a claim of another database is left to that one, and told once', async (t) => {
    const { one, rest, edit, shared } = await joined(t)
    await edit(rangeKey(PATH), JSON.stringify({ generation: 'a'.repeat(32), ...SMALL_SPACE }))
    await edit(configKey(PATH), '{}')
    await rest()
    await one.sync.compareAll()
    await rest()
    assert.equal(await shared(configKey(PATH)), '{}')
    const told = one.log.lines.filter(({ text }) => text === 'configuration key in etcd ignored')
    assert.equal(told.length, 1)
  })
})

describe('an etcd that is away', () => {
  it('changes nothing, and what happened meanwhile is exchanged when it is back', async (t) => {
    const { etcd, one, two, rest } = await joined(t)
    await one.catalog.createTag(newTag('t'))
    await rest()
    assert.equal(one.sync.fault, undefined)
    etcd.away = 'a test said so'
    await rest()
    assert.equal(one.sync.fault, 'a test said so')
    const changed = await one.catalog.updateTag(REF, { displayName: 'Meanwhile' }, undefined)
    assert.equal(changed.displayName, 'Meanwhile', 'the API goes on')
    assert.equal((await two.store.findTag(REF))?.displayName, '')
    etcd.away = undefined
    await rest()
    assert.equal((await two.store.findTag(REF))?.displayName, 'Meanwhile')
    assert.equal(two.sync.fault, undefined)
  })

  it('is tried again by itself after a failure', async (t) => {
    const { clock, one, two, rest } = await joined(t)
    await one.catalog.createTag(newTag('t'))
    await rest()
    one.coordinator.away = true
    await one.catalog.updateTag(REF, { displayName: 'Late' }, undefined)
    await rest()
    one.coordinator.away = false
    clock.advance(300)
    await rest()
    assert.equal((await two.store.findTag(REF))?.displayName, 'Late')
  })
})

describe('an etcd that was restored from an older backup', () => {
  it('gets tags, claims and settings back from the databases', async (t) => {
    const { etcd, one, two, rest, shared } = await joined(t)
    const before = etcd.snapshot()
    const made = await one.catalog.createTag(newTag('t'))
    await rest()
    await one.grant('t', 500)
    const used = await two.grant('t', 500)
    etcd.restore(before)
    await rest()
    assert.equal(await shared(configKey(PATH)), printTagRecord(made))
    assert.match((await shared(rangeKey(PATH))) ?? '', new RegExp(made.generation))
    const more = await two.grant('t', 500)
    assert.ok(more.every((number) => !used.includes(number)))
  })

  it('does not bring a deleted tag back, and its numbers stay used', async (t) => {
    const { etcd, one, two, rest, shared } = await joined(t)
    const made = await one.catalog.createTag(newTag('t'))
    await rest()
    const before = etcd.snapshot()
    const used = [...(await one.grant('t', 700)), ...(await two.grant('t', 700))]
    await one.catalog.deleteTag(REF, undefined)
    await rest()
    etcd.restore(before)
    await rest()
    for (const each of [one, two]) assert.equal(await each.store.findTag(REF), undefined)
    assert.equal(await shared(rangeKey(PATH)), undefined)
    assert.equal(await shared(configKey(PATH)), undefined)
    assert.match((await shared(tombstoneKey(PATH))) ?? '', new RegExp(made.generation))
    assert.match((await shared(witnessKey(made.generation, 0))) ?? '', /closed/, 'closed again')
    const again = await two.catalog.createTag(newTag('t'))
    assert.ok(again.space.startAt > Math.max(...used))
  })

  it('with its revisions bumped, brings no old settings back', async (t) => {
    const { etcd, one, two, rest } = await joined(t)
    await one.catalog.createTag(newTag('t', { displayName: 'old' }))
    await rest()
    const before = etcd.snapshot()
    await two.catalog.updateTag(REF, { displayName: 'new' }, undefined)
    await rest()
    etcd.restore(before, { bumpRevision: true })
    await rest()
    for (const each of [one, two]) assert.equal((await each.store.findTag(REF))?.displayName, 'new')
  })
})

describe('a database that was restored from an older backup', () => {
  it('takes back the tags it lost, under their number, and goes on above all that was granted', async (t) => {
    const { clock, etcd, one, two, rest } = await joined(t)
    const made = await one.catalog.createTag(newTag('t'))
    await rest()
    const used = await two.grant('t', 500)
    await two.stop()
    const restored = new JoinedDatabase({ clock, etcd, dc: 1 })
    restored.memory.history = 'database 1/2'
    t.after(() => restored.stop())
    restored.sync.start()
    await settle()
    await restored.sync.settled()
    assert.equal((await restored.store.findTag(REF))?.id, made.id)
    const more = await restored.grant('t', 500)
    assert.ok(more.every((number) => !used.includes(number)))
  })

  it('loses the tag again that was deleted since', async (t) => {
    const { clock, etcd, one, rest } = await joined(t)
    const made = await one.catalog.createTag(newTag('t'))
    await rest()
    await one.catalog.deleteTag(REF, undefined)
    await rest()
    const restored = await new JoinedDatabase({ clock, etcd, dc: 1 }).withGroup()
    t.after(() => restored.stop())
    await restored.store.createTag(newTag('t', { generation: made.generation }))
    await assert.rejects(restored.grant('t'), { code: 'IDGEN_TAG_NOT_FOUND' }, 'its witness is closed')
    restored.sync.start()
    await settle()
    await restored.sync.settled()
    assert.equal(await restored.store.findTag(REF), undefined)
  })

  it('raises the tombstone where it knows of more numbers than the witnesses did', async (t) => {
    const { etcd, one, two, rest, shared } = await joined(t)
    await one.catalog.createTag(newTag('t'))
    await rest()
    const before = etcd.snapshot()
    const used = await two.grant('t', 900)
    await two.stop()
    // The witness of the 900 numbers is lost; the tag is deleted before database two could say anything.
    etcd.restore(before)
    await rest()
    await one.catalog.deleteTag(REF, undefined)
    const highBefore = JSON.parse((await shared(tombstoneKey(PATH))) ?? '{}') as { highWater: number }
    assert.ok(highBefore.highWater <= Math.max(...used), 'the point of this test')
    await two.sync.sync(PATH)
    const { highWater } = JSON.parse((await shared(tombstoneKey(PATH))) ?? '{}') as { highWater: number }
    assert.ok(highWater > Math.max(...used))
  })
})
