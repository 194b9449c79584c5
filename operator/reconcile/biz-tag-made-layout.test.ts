import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inWorld, putGenerator, putTag, type TestWorld } from '../../test/cluster/biz-tag-world.ts'
import { failure } from '../../test/cluster/memory-tag-service.ts'
import { tagSettings } from '../core/tag-settings.ts'

const PATH = 'shop/orders/invoice'
const LAYOUT = { timeBits: 38, sequenceBits: 4 }

/** The tag is there as somebody else made it, and the service refuses another space while it is. */
function makeElsewhere({ service }: TestWorld, space: object): void {
  const path = { workspace: 'shop', group: 'orders', tag: 'invoice' }
  const settings = tagSettings({ displayName: '', space })
  const rest = { id: 7, cellSize: 1000, chain: ['snowflake'], highWater: 1, loggedTo: 0 }
  service.tags.set(PATH, { path, settings, owner: undefined, generation: 0, ...rest })
  service.before = (call) => {
    if (call.startsWith('declare') && service.tags.has(PATH))
      throw failure(409, 'IDGEN_IMMUTABLE', 'The number space is fixed.')
  }
}

function declarations({ service }: TestWorld): number {
  return service.calls.filter((call) => call.startsWith('declare')).length
}

for (const [what, made, declared, layout] of [
  ['without a layout', { format: { snowflake: LAYOUT } }, undefined, 'sequenceBits=4,timeBits=38'],
  ['with a layout', { startAt: 1 }, { format: { snowflake: LAYOUT } }, 'that of all tags'],
] as const)
  test(`an object ${what} never makes a tag that it was refused for, also when the service lost it`, async () => {
    await inWorld(
      (w) => {
        putGenerator(w)
        makeElsewhere(w, made)
        putTag(w, declared === undefined ? {} : { space: declared })
      },
      async (w) => {
        assert.equal(w.ready(), 'False SpecInvalid')
        assert.equal(w.tag()?.status?.madeLayout, layout)
        const before = declarations(w)
        w.service.tags.delete(PATH)
        putTag(w, { ...(declared && { space: declared }), displayName: 'Bills' }, { generation: 2 })
        for (let turn = 0; turn < 30; turn += 1) await w.settle(60_000)
        assert.equal(declarations(w), before)
        assert.equal(w.service.tags.has(PATH), false)
        assert.equal(w.ready(), 'False SpecInvalid')
        assert.equal(w.tag()?.status?.madeLayout, layout)
        assert.match(w.condition('Stalled')?.message ?? '', /also if the service loses it.*apply it with/)
      },
    )
  })

test('a tag that is gone before the operator looks what it was leaves nothing to remember', async () => {
  await inWorld(
    (w) => {
      putGenerator(w)
      w.service.before = (call) => {
        if (call.startsWith('declare')) throw failure(409, 'IDGEN_IMMUTABLE', 'The name had a tag before.')
      }
      putTag(w)
    },
    async (w) => {
      assert.equal(w.ready(), 'False SpecInvalid')
      assert.equal(w.tag()?.status?.madeLayout, undefined)
    },
  )
})
