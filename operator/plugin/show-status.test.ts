import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { KubeError, type KubeRequest } from '../runtime/kube-client.ts'
import { EXAMPLES, TAGS, TROUBLED_TAGS } from './example-views.ts'
import { type FakeWorld, fakeWorld } from './fake-world.ts'
import { showStatus, showTags } from './show-status.ts'

const ORDERS = EXAMPLES.hold.generator
const NEVER = new AbortController().signal
const EVENTS = EXAMPLES.hold.events.map(({ at, ...event }, i) => ({
  metadata: { name: `e${i}` },
  kind: 'Event',
  eventTime: at,
  ...event,
}))

/** Answers by path; an Error is thrown. */
function answers(fake: FakeWorld, table: Readonly<Record<string, unknown>>): string[] {
  const asked: string[] = []
  fake.kube.answer = ({ path, query }: KubeRequest) => {
    asked.push(`${path}?${query?.['fieldSelector'] ?? ''}`)
    const answer = table[path]
    if (answer instanceof Error) throw answer
    if (answer === undefined) throw new KubeError(`${path}: 404`, 404, { reason: 'NotFound' })
    return answer
  }
  return asked
}

const API = '/apis/idgen.io/v1alpha1'
const IN_SHOP = `${API}/namespaces/shop/idgenerators`
const WHOLE = {
  [`${IN_SHOP}/orders`]: ORDERS,
  [IN_SHOP]: { metadata: {}, items: [ORDERS] },
  [`${API}/biztags`]: { metadata: {}, items: TAGS },
  '/apis/events.k8s.io/v1/namespaces/shop/events': { metadata: {}, items: EVENTS },
}

describe('status', () => {
  test('without a name the only one of the namespace is drawn', async () => {
    const fake = fakeWorld()
    const asked = answers(fake, WHOLE)
    await showStatus(fake.world, { name: undefined, watch: false, json: false }, NEVER)
    assert.match(
      fake.said.out,
      /^IdGenerator shop\/orders .*Hold: 23h 12m left of 24h.*Tags {2}2 of 2 ready.*CanaryPaused/s,
    )
    assert.ok(asked.includes(`${API}/biztags?spec.generatorRef.name=orders`))
    assert.ok(asked.some((one) => one.endsWith('events?regarding.kind=IdGenerator,regarding.name=orders')))
  })

  test('of several all are listed', async () => {
    const fake = fakeWorld()
    answers(fake, { [IN_SHOP]: { metadata: {}, items: [ORDERS, EXAMPLES.new.generator] } })
    await showStatus(fake.world, { name: undefined, watch: false, json: false }, NEVER)
    assert.match(fake.said.out, /NAME +STATE +PODS/)
  })

  test('of none it is said what to do', async () => {
    const fake = fakeWorld()
    answers(fake, { [IN_SHOP]: { metadata: {}, items: [] } })
    await showStatus(fake.world, { name: undefined, watch: false, json: false }, NEVER)
    assert.match(fake.said.err, /No IdGenerator in namespace shop\. Add -n for another one/)
  })

  test('for programs it is JSON', async () => {
    const fake = fakeWorld()
    answers(fake, WHOLE)
    await showStatus(fake.world, { name: 'orders', watch: false, json: true }, NEVER)
    const { generator, bizTags, events } = JSON.parse(fake.said.out) as Record<string, unknown>
    assert.deepEqual([generator, bizTags], [ORDERS, TAGS])
    assert.equal((events as unknown[]).length, 2)
  })

  test('what somebody may not see is named, and the rest is shown', async () => {
    const fake = fakeWorld()
    const forbidden = new KubeError('no', 403)
    answers(fake, {
      ...WHOLE,
      [`${API}/biztags`]: forbidden,
      [`${API}/namespaces/shop/biztags`]: { metadata: {}, items: TROUBLED_TAGS },
      '/apis/events.k8s.io/v1/namespaces/shop/events': forbidden,
    })
    await showStatus(fake.world, { name: 'orders', watch: false, json: false }, NEVER)
    assert.match(fake.said.out, /BizTags of other namespaces are not shown: you may not list them\./)
    assert.match(fake.said.out, /Events are not shown: you may not list them\./)
    // billing/refund names an IdGenerator orders of its own namespace.
    assert.doesNotMatch(fake.said.out, /refund/)
  })
})

describe('an IdGenerator that is not there', () => {
  const notFound = async (table: Readonly<Record<string, unknown>>, message: RegExp): Promise<void> => {
    const fake = fakeWorld()
    answers(fake, table)
    await assert.rejects(showStatus(fake.world, { name: 'oders', watch: false, json: false }, NEVER), {
      name: 'PluginError',
      message,
    })
  }

  test('has near names', () =>
    notFound(
      { [IN_SHOP]: { metadata: {}, items: [ORDERS] } },
      /^There is no IdGenerator shop\/oders\. Did you mean orders\?$/,
    ))

  test('may be in another namespace', () =>
    notFound(
      {
        [IN_SHOP]: { metadata: {}, items: [] },
        [`${API}/idgenerators`]: {
          metadata: {},
          items: [{ ...ORDERS, metadata: { ...ORDERS.metadata, namespace: 'eu' } }],
        },
      },
      /There is one in eu: add -n eu\.$/,
    ))

  test('may be the only thing missing', () =>
    notFound(
      {
        [IN_SHOP]: {
          metadata: {},
          items: [{ ...ORDERS, metadata: { ...ORDERS.metadata, name: 'payments' } }],
        },
        [`${API}/idgenerators`]: new KubeError('no', 403),
      },
      /There are payments\.$/,
    ))

  test('may be of a kind that the cluster does not know', () =>
    notFound({}, /This cluster does not know IdGenerators: install the chart/))

  test('may not be looked for', () =>
    notFound(
      { [`${IN_SHOP}/oders`]: new KubeError('no', 403) },
      /You may not read IdGenerators in namespace shop/,
    ))

  test('may be behind a network that is down', () =>
    notFound(
      { [`${IN_SHOP}/oders`]: new KubeError('GET x: no answer', 0) },
      /The cluster does not answer \(GET x: no answer\)/,
    ))
})

describe('a status that is watched', () => {
  test('is drawn in place on a terminal, time going on, and ends when it is told to', async () => {
    const fake = fakeWorld({ rows: 20 })
    answers(fake, WHOLE)
    const abort = new AbortController()
    const running = showStatus(fake.world, { name: 'orders', watch: true, json: false }, abort.signal)
    await fake.clock.advance(60_000)
    const frames = fake.said.out.split('\u001b[H').slice(1)
    assert.equal(frames.length, 31)
    assert.match(frames[0] ?? '', /Hold: 23h 12m left/)
    assert.match(frames.at(-1) ?? '', /Hold: 23h 11m left/)
    for (const frame of frames) {
      assert.ok(frame.split('\n').length <= 20)
      assert.ok(frame.endsWith('(a higher terminal shows more)\u001b[K\n\u001b[J'))
    }
    abort.abort()
    await running
    assert.equal(fake.clock.pending, 0)
  })

  test('is printed elsewhere when it changes, and only then', async () => {
    const fake = fakeWorld()
    answers(fake, WHOLE)
    const abort = new AbortController()
    const running = showStatus(fake.world, { name: 'orders', watch: true, json: false }, abort.signal)
    await fake.clock.advance(60_000)
    assert.equal(fake.said.out.match(/^IdGenerator/gm)?.length, 1)
    answers(fake, { ...WHOLE, [`${IN_SHOP}/orders`]: EXAMPLES.approval.generator })
    await fake.clock.advance(4000)
    assert.equal(fake.said.out.match(/^IdGenerator/gm)?.length, 2)
    abort.abort()
    await running
  })

  test('goes on while the cluster is away', async () => {
    const fake = fakeWorld({ rows: 100 })
    answers(fake, WHOLE)
    const abort = new AbortController()
    const running = showStatus(fake.world, { name: 'orders', watch: true, json: false }, abort.signal)
    await fake.clock.advance(2000)
    answers(fake, { [`${IN_SHOP}/orders`]: new KubeError('no answer', 0) })
    await fake.clock.advance(4000)
    assert.match(
      fake.said.out.split('\u001b[H').at(-1) ?? '',
      /IdGenerator shop\/orders.*No news: The cluster does not answer/s,
    )
    answers(fake, WHOLE)
    await fake.clock.advance(4000)
    assert.doesNotMatch(fake.said.out.split('\u001b[H').at(-1) ?? '', /No news/)
    abort.abort()
    await running
  })
})

describe('tags', () => {
  test('all tags of the generator are listed, wherever their BizTags are', async () => {
    const fake = fakeWorld()
    const foreign = {
      ...TAGS[0],
      metadata: { ...TAGS[0]?.metadata, namespace: 'eu' },
      spec: { ...TAGS[0]?.spec, generatorRef: { name: 'orders', namespace: 'shop' } },
    }
    answers(fake, { ...WHOLE, [`${API}/biztags`]: { metadata: {}, items: [...TAGS, foreign] } })
    await showTags(fake.world, 'orders', false)
    assert.match(fake.said.out, /eu\/invoice$/m)
    assert.equal(fake.said.out.split('\n').length, 5)
  })

  test('for programs they are JSON', async () => {
    const fake = fakeWorld()
    answers(fake, WHOLE)
    await showTags(fake.world, 'orders', true)
    assert.deepEqual(JSON.parse(fake.said.out), { bizTags: TAGS })
  })
})
