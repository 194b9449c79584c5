import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { IdgenError } from './errors.ts'
import {
  checkName,
  DEFAULT_SPACE,
  DEFAULT_STEP,
  defaultChain,
  NO_FREE_NUMBERS,
  NO_SNOWFLAKES,
  type NumberSpace,
  SEGMENT_LIMIT,
  STEP_MAX,
  type TagDraft,
  tagFaults,
  tagPath,
} from './tag.ts'

describe('names', () => {
  for (const name of ['a', '0', 'order-id', 'a.b_c-d', 'x'.repeat(63)])
    test(`${name} is allowed`, () => {
      assert.equal(checkName('tag', name), name)
    })

  for (const name of [
    '',
    'A',
    'ä',
    'a/b',
    'a b',
    '-a',
    '.a',
    '_a',
    '..',
    'a\n',
    'x'.repeat(64),
    'x'.repeat(500),
  ])
    test(`${JSON.stringify(name.slice(0, 70))} is refused with its kind and value`, () => {
      assert.throws(
        () => checkName('group', name),
        (error) =>
          error instanceof IdgenError &&
          error.code === 'IDGEN_NAME_INVALID' &&
          error.message.includes(`group name ${JSON.stringify(name.slice(0, 80))}`) &&
          error.message.length < 300,
      )
    })

  test('a path joins the three names', () => {
    assert.equal(tagPath({ workspace: 'w', group: 'g', name: 't' }), 'w/g/t')
  })
})

describe('chains', () => {
  test('the default chain begins with the first choice and goes on in the order of R-1.3.5', () => {
    assert.deepEqual(defaultChain('segment'), ['segment', 'snowflake', 'uuid-v7', 'uuid-v4'])
    assert.deepEqual(defaultChain('snowflake'), ['snowflake', 'uuid-v7', 'uuid-v4'])
    assert.deepEqual(defaultChain('uuid-v7'), ['uuid-v7', 'uuid-v4'])
    assert.deepEqual(defaultChain('uuid-v4'), ['uuid-v4'])
  })
})

describe('drafts', () => {
  test('the defaults are valid', () => {
    assert.deepEqual(tagFaults(draft({})), [])
  })

  test('a chain that stays numeric is valid', () => {
    assert.deepEqual(tagFaults(draft({ chain: ['segment', 'snowflake'] })), [])
    assert.deepEqual(tagFaults(draft({ chain: ['segment', 'uuid-v4'] })), [])
  })

  test('step 1 and the maximum step are valid', () => {
    assert.deepEqual(tagFaults(draft({ step: { base: 1, min: 1, max: 1 } })), [])
    assert.deepEqual(tagFaults(draft({ step: { base: STEP_MAX, min: STEP_MAX, max: STEP_MAX } })), [])
  })

  const faulty: [name: string, change: Partial<TagDraft>, paths: string[]][] = [
    ['an empty chain', { chain: [] }, ['/chain']],
    ['a chain out of order', { chain: ['snowflake', 'segment'] }, ['/chain']],
    ['a step of 0', { step: { base: 1, min: 0, max: 1 } }, ['/step/min']],
    ['a fractional step', { step: { base: 1.5, min: 1, max: 2 } }, ['/step/base']],
    ['a step above the maximum', { step: { base: 1, min: 1, max: STEP_MAX + 1 } }, ['/step/max']],
    ['min above base', { step: { base: 5, min: 6, max: 10 } }, ['/step/min']],
    ['base above max', { step: { base: 11, min: 6, max: 10 } }, ['/step/base']],
    ['a step larger than a cell', { space: { ...DEFAULT_SPACE, cellSize: 1000 } }, ['/step/max']],
    ['no data centre', { space: { ...DEFAULT_SPACE, dcCount: 0 } }, ['/space/dcCount']],
    ['nine data centres', { space: { ...DEFAULT_SPACE, dcCount: 9 } }, ['/space/dcCount']],
    ['a negative start', { space: { ...DEFAULT_SPACE, startAt: -1 } }, ['/space/startAt']],
    [
      'a start at 2^53',
      { space: { ...DEFAULT_SPACE, startAt: SEGMENT_LIMIT } },
      ['/space/startAt', '/space'],
    ],
    [
      'a space without a cell for every data centre',
      { space: { ...DEFAULT_SPACE, cellSize: 2 ** 51 } },
      ['/space'],
    ],
  ]
  for (const [name, change, paths] of faulty)
    test(`${name} is a fault at ${paths.join(' and ')}`, () => {
      assert.deepEqual(
        tagFaults(draft(change)).map((fault) => fault.path),
        paths,
      )
    })

  test('a tag without a free number has UUIDs alone', () => {
    const space = NO_FREE_NUMBERS
    const step = { base: 1, min: 1, max: 1 }
    assert.deepEqual(tagFaults({ chain: ['uuid-v7', 'uuid-v4'], step, space }), [])
    for (const chain of [['segment'], ['snowflake', 'uuid-v7']] as const) {
      const [fault, ...more] = tagFaults({ chain, step, space })
      assert.match(fault?.message ?? '', /^must be UUIDs alone/)
      assert.equal(more.length, 0)
    }
  })

  test('a tag that was imported without snowflakes takes none later', () => {
    const space = { ...DEFAULT_SPACE, ...NO_SNOWFLAKES }
    const kept = [['segment'], ['segment', 'uuid-v7', 'uuid-v4'], ['uuid-v7']] as const
    for (const chain of kept) assert.deepEqual(tagFaults(draft({ chain, space })), [])
    const refused: readonly TagDraft['chain'][] = [
      ['segment', 'snowflake'],
      ['snowflake'],
      defaultChain('segment'),
    ]
    for (const chain of refused) {
      const [fault, ...more] = tagFaults(draft({ chain, space }))
      assert.match(fault?.message ?? '', /^must not have snowflake/)
      assert.equal(more.length, 0)
      assert.deepEqual(tagFaults(draft({ chain })), [], 'any other tag takes it')
    }
  })

  test('no space that a tag of numbers could have reads as one without a free number', () => {
    const last = { startAt: SEGMENT_LIMIT - 1000, cellSize: 1000, dcCount: 1 }
    const step = { base: 1000, min: 100, max: 1000 }
    for (const chain of [['segment'], ['segment', 'uuid-v7'], ['snowflake']] as const)
      assert.deepEqual(tagFaults({ chain, step, space: last }), [])
    // Whatever of the mark is changed, what is left has faults of its own, also for UUIDs.
    const changes: readonly Partial<NumberSpace>[] = [
      { startAt: NO_FREE_NUMBERS.startAt - 1 },
      { startAt: NO_FREE_NUMBERS.startAt + 1 },
      { cellSize: 2 },
      { dcCount: 2 },
      { format: { prefix: 'A' } },
    ]
    for (const change of changes)
      assert.notDeepEqual(
        tagFaults({
          chain: ['uuid-v7'],
          step: { base: 1, min: 1, max: 1 },
          space: { ...NO_FREE_NUMBERS, ...change },
        }),
        [],
        JSON.stringify(change),
      )
  })

  test('an algorithm named twice is a fault', () => {
    const faults = tagFaults(draft({ chain: ['segment', 'segment'] }))
    assert.ok(faults.some((fault) => fault.path === '/chain' && fault.message.includes('twice')))
  })

  test('a cell that is too small is a fault', () => {
    const faults = tagFaults(draft({ space: { ...DEFAULT_SPACE, cellSize: 999 } }))
    assert.ok(faults.some((fault) => fault.path === '/space/cellSize'))
  })

  test('all faults are told at once', () => {
    const faults = tagFaults({
      chain: [],
      step: { base: 0, min: 0, max: 0 },
      space: { startAt: -1, cellSize: 1, dcCount: 0 },
    })
    assert.ok(faults.length >= 7)
    assert.ok(faults.every(({ path, message }) => path.startsWith('/') && message.length > 5))
  })
})

function draft(change: Partial<TagDraft>): TagDraft {
  return { chain: defaultChain('segment'), step: DEFAULT_STEP, space: DEFAULT_SPACE, ...change }
}

test('a number space whose end only rounds to 2^53 is refused', () => {
  const step = { base: 10, min: 1, max: 100 }
  for (const space of [
    { startAt: 2, cellSize: 2 ** 53 - 1, dcCount: 1 },
    { startAt: 1, cellSize: 2 ** 50, dcCount: 8 },
  ])
    assert.deepEqual(
      tagFaults({ chain: ['segment'], step, space }).map(({ path }) => path),
      ['/space'],
    )
  assert.deepEqual(
    tagFaults({ chain: ['segment'], step, space: { startAt: 0, cellSize: 2 ** 50, dcCount: 8 } }),
    [],
  )
})
