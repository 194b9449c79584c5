import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { BizTag } from '../api/kinds.ts'
import type { DatacenterState, DeclaredTag } from './biz-tag-declaration.ts'
import { decideRefresh, onlyReturned } from './biz-tag-refresh.ts'
import { tagSettings } from './tag-settings.ts'

const SETTINGS = tagSettings({ chain: ['segment'], step: { max: 5 } })

const PLACE: DatacenterState = { dc: 0, rangeStart: '1', rangeEnd: '9', highWater: '1000', usedShare: 0.1 }

function seen(place: Partial<DatacenterState> = {}, change: Partial<DeclaredTag> = {}): DeclaredTag {
  const owner = { cluster: 'c', namespace: 'ns', name: 'n', uid: 'u', createdAt: '' }
  return {
    path: { workspace: 'w', group: 'g', tag: 't' },
    id: '7',
    owner,
    generation: 2,
    chain: ['segment'],
    settings: SETTINGS,
    datacenters: [{ ...PLACE, ...place }],
    ...change,
  }
}

function tag(generation = 2, accepted: 'True' | 'False' = 'True'): BizTag {
  return {
    apiVersion: 'idgen.io/v1alpha1',
    kind: 'BizTag',
    metadata: { name: 'n', namespace: 'ns', uid: 'u', resourceVersion: '1', generation },
    spec: { generatorRef: { name: 'ids' }, workspace: 'w', group: 'g', tag: 't', deletionPolicy: 'Retain' },
    status: {
      tagId: '7',
      conditions: [
        {
          type: 'Accepted',
          status: accepted,
          observedGeneration: 2,
          reason: 'x',
          message: '',
          lastTransitionTime: '',
        },
      ],
      datacenters: [{ id: 0, highWater: '1000', usedPercent: '10.0' }],
    },
  }
}

describe('what a look at the service means', () => {
  const HOUR = 3_600_000
  const owner = { cluster: 'c', namespace: 'ns', name: 'n', uid: 'other', createdAt: '' }
  const rows: readonly [string, BizTag, DeclaredTag | undefined, number, string][] = [
    ['all is as recorded', tag(), seen(), HOUR, 'same'],
    ['a little was used lately', tag(), seen({ highWater: '1001' }), 60_000, 'same'],
    ['a little was used a quarter of an hour ago', tag(), seen({ highWater: '1001' }), 900_000, 'record'],
    ['nothing was used for hours', tag(), seen(), 10 * HOUR, 'same'],
    ['a percent was used', tag(), seen({ highWater: '2000', usedShare: 0.1101 }), 0, 'record'],
    ['a data centre came', tag(), seen({}, { datacenters: [PLACE, { ...PLACE, dc: 1 }] }), 0, 'record'],
    ['a data centre is gone', tag(), seen({}, { datacenters: [] }), 0, 'declare'],
    ['the database went back', tag(), seen({ highWater: '999' }), 0, 'declare'],
    ['a long number is more than a short one', tag(), seen({ highWater: '90071992547409930' }), 0, 'same'],
    ['nobody declares it', tag(), undefined, 0, 'declare'],
    ['another one declares it', tag(), seen({}, { owner }), 0, 'declare'],
    ['an older generation is there', tag(), seen({}, { generation: 1 }), 0, 'declare'],
    ['the tag was made anew', tag(), seen({}, { id: '8' }), 0, 'declare'],
    ['a setting was changed', tag(), seen({}, { settings: SETTINGS.replace('5', '6') }), 0, 'declare'],
    [
      'another version has more settings',
      tag(),
      seen({}, { settings: SETTINGS.replace('{', '{"a":"1",') }),
      0,
      'same',
    ],
    ['the spec has just changed', tag(3), undefined, 0, 'same'],
    ['it was never accepted', tag(2, 'False'), undefined, 0, 'same'],
  ]
  for (const [name, biz, look, recordedMs, step] of rows)
    test(`it is ${step} when ${name}`, () => {
      assert.equal(decideRefresh(biz, look, { recordedMs, settings: SETTINGS }), step)
    })
})

describe('numbers that came back', () => {
  const back = seen({ highWater: '900' })

  test('are settled once the service said so, and not below that', () => {
    assert.equal(decideRefresh(tag(), back, { recordedMs: 0 }), 'declare')
    assert.equal(decideRefresh(tag(), back, { recordedMs: 0, settled: back }), 'same')
    assert.equal(decideRefresh(tag(), back, { recordedMs: 900_000, settled: back }), 'record')
    assert.equal(
      decideRefresh(tag(), seen({ highWater: '899' }), { recordedMs: 0, settled: back }),
      'declare',
    )
  })

  test('hide no change of the settings', () => {
    const changed = { ...back, settings: tagSettings({ step: { max: 6 } }) }
    assert.equal(
      decideRefresh(tag(), changed, { recordedMs: 0, settled: back, settings: SETTINGS }),
      'declare',
    )
    assert.equal(decideRefresh(tag(), changed, { recordedMs: 0, settled: back }), 'same')
  })

  test('are all that an answer says only when nothing else differs from the status', () => {
    const recorded = tag()
    const datacenters = [{ id: 0, rangeStart: '1', rangeEnd: '9', highWater: '1000', usedPercent: '10.0' }]
    const biz = { ...recorded, status: { ...recorded.status, algorithm: 'segment', datacenters } } as BizTag
    const answer = (
      place: Partial<DatacenterState>,
      change: Partial<DeclaredTag> = {},
      advanced: readonly number[] = [],
    ) => ({ ...seen(place, change), created: false, changed: false, advanced })
    assert.equal(onlyReturned(biz, answer({ highWater: '900' })), true)
    const others = [
      answer({}),
      answer({ highWater: '1001' }),
      answer({ highWater: '900' }, {}, [0]),
      answer({ highWater: '900', rangeEnd: '99' }),
      answer({ highWater: '900' }, { id: '8' }),
      answer({ highWater: '900' }, { chain: ['uuid-v7'] }),
      answer({}, { datacenters: [] }),
    ]
    for (const [n, other] of others.entries()) assert.equal(onlyReturned(biz, other), false, `${n}`)
  })
})
