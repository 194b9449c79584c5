import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { UiVisitor } from '../../../test/fixtures/ui-visitor.ts'
import { IdgenError } from '../../core/errors.ts'

const ACTOR = { actor: 'test', traceId: undefined }
const URL = '/ui/tags/new-batch'
const LINES = ['acme/shop/a', 'acme/new/b', 'acme/new/c', 'other/one/d', 'other/two/e fast', 'other/two/f']

/** Signed in where there is acme/shop and nothing else. */
async function atShop(t: TestContext): Promise<UiVisitor> {
  const visitor = await UiVisitor.signedIn(t)
  await makeShop(visitor)
  await visitor.see(URL)
  return visitor
}

async function makeShop(visitor: UiVisitor): Promise<void> {
  const { catalog } = visitor.api.memory.useCases
  await catalog.createWorkspace(ACTOR, 'acme', '')
  await catalog.createGroup(ACTOR, 'acme', 'shop', '')
}

/** The form as it is sent, with ticks. */
function confirmed(lines: readonly string[], ticks: readonly string[]): URLSearchParams {
  const form = new URLSearchParams({ lines: lines.join('\n'), confirmed: 'yes' })
  for (const tick of ticks) form.append('make', tick)
  return form
}

function ticksOf(text: string): string[] {
  return [...text.matchAll(/name="make" value="([^"]*)"/g)].map(([, value = '']) => value)
}

function statesOf(text: string): string[] {
  return [...text.matchAll(/<span class="badge [^"]*">([^<]*)</g)].map(([, state = '']) => state)
}

async function recorded({ api }: UiVisitor): Promise<string[]> {
  const records = await api.memory.audited()
  return records
    .filter(({ action, actor }) => action.endsWith('.create') && actor !== ACTOR.actor)
    .map(({ action, subject }) => `${action} ${subject}`)
}

describe('lines of groups that are not there', () => {
  test('are offered to be made with their groups, a tick each, and nothing is ticked or made by itself', async (t) => {
    const visitor = await atShop(t)
    const { text } = await visitor.send(URL, { lines: LINES.join('\n') })
    assert.match(text, /1 of 6 would be made, and 4 more with the groups that you tick/)
    assert.match(text, /1,?000<br>The group acme\/new is not there/)
    assert.deepEqual(ticksOf(text), ['acme/new', 'other other/one', 'other other/two'])
    assert.match(text, /Make the group acme\/new, for 2 tags/)
    assert.match(text, /Make the workspace other and the group other\/two, for 1 tag</)
    assert.doesNotMatch(text, /name="make"[^>]*checked/)
    assert.match(text, /Make 1 tag now, and what is ticked with its tags/)
    assert.deepEqual(statesOf(text), [
      'fine',
      'group missing',
      'group missing',
      'group missing',
      'refused',
      'group missing',
    ])
    const none = await visitor.send(URL, confirmed(LINES, []))
    assert.match(none.text, /1 of 6 were made/)
    assert.match(none.text, /IDGEN_GROUP_NOT_FOUND/)
    assert.deepEqual(await recorded(visitor), ['tag.create acme/shop/a'])
  })

  test('are made where their groups are ticked, each of which has its result and its record', async (t) => {
    const visitor = await atShop(t)
    const { text } = await visitor.send(URL, confirmed(LINES, ['acme/new', 'other other/two']))
    assert.match(text, /4 of 6 were made/)
    assert.equal(statesOf(text).join(), 'fine,fine,fine,fine,fine,fine,refused,refused,fine')
    assert.match(text, /href="\/ui\/workspaces\/other\/groups\/two">other\/two</)
    assert.doesNotMatch(text, /empty/)
    assert.deepEqual((await recorded(visitor)).sort(), [
      'group.create acme/new',
      'group.create other/two',
      'tag.create acme/new/b',
      'tag.create acme/new/c',
      'tag.create acme/shop/a',
      'tag.create other/two/f',
      'workspace.create other',
    ])
    const [, left = ''] = /<textarea[^>]*>([^<]*)</.exec(text) ?? []
    assert.deepEqual(left.split('\n'), ['other/one/d', 'other/two/e fast'])
    const again = await visitor.send(URL, { lines: left })
    assert.deepEqual(ticksOf(again.text), ['other/one'], 'the workspace is there by now')
  })

  test('have no group made for them where they are wrong themselves', async (t) => {
    const visitor = await atShop(t)
    const wrong = ['acme/new/b fast', 'acme/new/c reset=day', 'acme/New Group/d']
    const { text } = await visitor.send(URL, { lines: wrong.join('\n') })
    assert.deepEqual(ticksOf(text), [])
    assert.doesNotMatch(text, /name="confirmed"/)
    await visitor.send(URL, confirmed(wrong, ['acme/new', 'acme/unasked']))
    assert.deepEqual(await recorded(visitor), [])
  })

  test('say of a group that was made that none of its tags was', async (t) => {
    const visitor = await atShop(t)
    const { batches } = visitor.api.memory.useCases
    const refused = new IdgenError('IDGEN_RANGE_EXHAUSTED', 'No numbers are left.')
    t.mock.method(batches, 'createTags', async (_: unknown, wanted: readonly unknown[]) =>
      wanted.map(() => ({ refused })),
    )
    const form = confirmed(['new/one/a', 'new/one/b'], ['new new/one'])
    const { text } = await visitor.send(URL, form)
    assert.match(text, /0 of 2 were made/)
    assert.match(text, /2 were made and are still empty/)
    assert.match(text, />made, and empty: none of its tags was made</)
    await visitor.send('/ui/preferences', { language: 'zh' })
    const again = await visitor.send(URL, form)
    assert.match(again.text, /已存在/)
    assert.doesNotMatch(again.text, /为空/, 'nobody made it now')
  })

  test('do not call a group empty whose tags may have been made', async (t) => {
    const visitor = await atShop(t)
    const { batches } = visitor.api.memory.useCases
    const refused = new IdgenError('IDGEN_STORE_UNAVAILABLE', 'No answer.')
    t.mock.method(batches, 'createTags', async () => [{ refused }])
    const { text } = await visitor.send(URL, confirmed(['acme/new/a'], ['acme/new']))
    assert.deepEqual(statesOf(text), ['fine', 'not certain'])
    assert.doesNotMatch(text, /empty/)
  })

  test('are not tried where their group, or its workspace, was not made for certain', async (t) => {
    const visitor = await atShop(t)
    const { catalog, batches } = visitor.api.memory.useCases
    const fail = async (): Promise<never> => {
      throw new IdgenError('IDGEN_STORE_UNAVAILABLE', 'No answer.')
    }
    const tried: string[] = []
    const createTags = batches.createTags.bind(batches)
    t.mock.method(batches, 'createTags', (...[actor, wanted]: Parameters<typeof createTags>) => {
      tried.push(...wanted.map(({ ref }) => ref.name))
      return createTags(actor, wanted)
    })
    const form = confirmed(['acme/shop/a', 'acme/new/b', 'other/one/c'], ['acme/new', 'other other/one'])
    const groups = t.mock.method(catalog, 'createGroup', fail)
    const first = await visitor.send(URL, form)
    assert.equal(
      statesOf(first.text).join(),
      'fine,not certain,not certain,fine,not tried,not tried',
      'a workspace and two groups, then three lines',
    )
    assert.match(first.text, />made, and empty/)
    assert.match(first.text, /2 tags were not tried, and are as they were/)
    groups.mock.restore()
    const workspaces = t.mock.method(catalog, 'createWorkspace', fail)
    const second = await visitor.send(URL, confirmed(['third/one/d'], ['third third/one']))
    assert.deepEqual(statesOf(second.text), ['not certain', 'not tried', 'not tried'])
    workspaces.mock.restore()
    assert.deepEqual(tried, ['a'])
    assert.equal(await catalog.store.findGroup('third', 'one'), undefined)
  })

  test('make no workspace that was there when they were looked at, and is gone', async (t) => {
    const visitor = await atShop(t)
    const { text } = await visitor.send(URL, confirmed(['gone/one/a'], ['gone/one']))
    assert.match(text, /IDGEN_WORKSPACE_NOT_FOUND/)
    assert.deepEqual(await recorded(visitor), [])
  })

  test('are offered only what the key may make', async (t) => {
    const visitor = await UiVisitor.start(t)
    const { keys } = visitor.api.memory.useCases
    const limited = async (within: string): Promise<void> => {
      const draft = { name: 'limited', scopes: ['manage'], within, expiresAt: undefined } as const
      await visitor.signIn((await keys.create(ACTOR, draft)).text)
      await visitor.see(URL)
    }
    const lines = ['acme/shop/a', 'acme/new/b']
    await limited('acme/shop')
    const before = await visitor.send(URL, { lines: lines.join('\n') })
    assert.deepEqual(ticksOf(before.text), [], 'it may not make the workspace')
    const forged = await visitor.send(URL, confirmed(lines, ['acme acme/shop', 'acme/new']))
    assert.deepEqual(statesOf(forged.text), ['refused', 'refused', 'refused', 'refused'])
    assert.match(forged.text, /IDGEN_FORBIDDEN/)
    assert.deepEqual(await recorded(visitor), [])
    await limited('acme/shop/a')
    assert.deepEqual(ticksOf((await visitor.send(URL, { lines: 'acme/shop/a' })).text), [])
    await limited('acme')
    const offered = await visitor.send(URL, { lines: [...lines, 'other/shop/c'].join('\n') })
    assert.deepEqual(ticksOf(offered.text), ['acme acme/shop', 'acme acme/new'])
  })

  test('are offered twenty groups at once, and more are refused', async (t) => {
    const visitor = await atShop(t)
    const lines = Array.from({ length: 30 }, (_, at) => `acme/new-${at}/t`)
    const { text } = await visitor.send(URL, { lines: lines.join('\n') })
    assert.equal(ticksOf(text).length, 20)
    assert.match(text, /0 of 30 would be made, and 20 more/)
    assert.match(text, /At most 20 groups are made at once: others are offered/)
    const tooMany = lines.map((line) => line.slice(0, -2))
    const refused = await visitor.send(URL, confirmed(lines, tooMany))
    assert.equal(refused.status, 400)
    assert.match(refused.text, /At most 20 groups are made with a batch, and 30 were ticked/)
    assert.deepEqual(await recorded(visitor), [])
    const made = await visitor.send(URL, confirmed(lines, ticksOf(text)))
    assert.match(made.text, /20 of 30 were made/)
    const [, left = ''] = /<textarea[^>]*>([^<]*)</.exec(made.text) ?? []
    assert.equal(ticksOf((await visitor.send(URL, { lines: left })).text).length, 10)
  })
})
