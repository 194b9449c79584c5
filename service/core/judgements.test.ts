import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { bad, good, verdictOf, warning } from './finding.ts'
import {
  certificateEnding,
  judgeClock,
  judgeDisk,
  judgeEnding,
  judgeKeyNews,
  judgeSpace,
  judgeThreads,
  judgeWorkerIds,
} from './judgements.ts'

const DAY = 86_400_000
const iso = (ms: number): string => new Date(ms).toISOString()

test('the verdict over several findings is the worst of them', () => {
  const [a, b, c] = [good('a', ''), warning('b', '', 'do'), bad('c', '', 'do')]
  assert.equal(verdictOf([]), 'ok')
  assert.equal(verdictOf([a]), 'ok')
  assert.equal(verdictOf([a, b]), 'warning')
  assert.equal(verdictOf([b, c, a]), 'bad')
})

describe('what ends on a date', () => {
  const ending = { what: 'certificate', endMs: 100 * DAY, noticeMs: 14 * DAY, todo: 'Renew it.' }
  test('is well, then worth a look, then over', () => {
    assert.deepEqual(
      judgeEnding(ending, 0, iso),
      good('certificate', 'until 1970-04-11T00:00:00.000Z, 100 days from now'),
    )
    assert.equal(judgeEnding(ending, 86 * DAY, iso).verdict, 'ok')
    assert.deepEqual(
      judgeEnding(ending, 87 * DAY, iso),
      warning('certificate', 'until 1970-04-11T00:00:00.000Z, 13 days from now', 'Renew it.'),
    )
    assert.deepEqual(
      judgeEnding(ending, 100 * DAY, iso),
      bad('certificate', 'ended at 1970-04-11T00:00:00.000Z', 'Renew it.'),
    )
  })
})

test('a certificate of months is worth a look in its last week, one of days in its last fifth', () => {
  const verdictAt = (days: number, leftDays: number): string =>
    judgeEnding(certificateEnding({ startMs: 0, endMs: days * DAY }), (days - leftDays) * DAY, iso).verdict
  assert.deepEqual([verdictAt(90, 7), verdictAt(90, 6.9), verdictAt(90, 0)], ['ok', 'warning', 'bad'])
  assert.deepEqual([verdictAt(5, 1), verdictAt(5, 0.9)], ['ok', 'warning'])
})

test('a clock is worth a look from half of what is allowed, and refused beyond it, in both directions', () => {
  const judge = (ahead: number): string => judgeClock('clock', ahead, 1000, "etcd's").verdict
  assert.deepEqual([0, 500, -500, 501, -501, 1000, 1001, -1001].map(judge), [
    'ok',
    'ok',
    'ok',
    'warning',
    'warning',
    'warning',
    'bad',
    'bad',
  ])
  assert.match(
    judgeClock('clock', 1200, 1000, "etcd's").found,
    /1200 ms from etcd's; at most 1000 ms.*IDGEN_CLOCK_UNUSABLE/,
  )
})

test('worker ids are short before they are gone, and gone when a process gets fewer than it wants', () => {
  const judge = (held: number, wanted = 1): string => judgeWorkerIds(held, wanted).verdict
  assert.deepEqual(
    [judge(0), judge(230), judge(231), judge(255), judge(256)],
    ['ok', 'ok', 'warning', 'warning', 'bad'],
  )
  assert.equal(judge(254, 4), 'bad')
  assert.match(judgeWorkerIds(256, 1).found, /^256 of 256 are held/)
})

test('tags above the share are named, the fullest first, and a full one is bad', () => {
  assert.deepEqual(judgeSpace([], 0.8), good('number space', 'the fullest tag has used 0 % of it'))
  assert.equal(judgeSpace([{ tag: 'a', usedShare: 0.8 }], 0.8).verdict, 'ok')
  const seven = Array.from({ length: 7 }, (_, i) => ({ tag: `t${i}`, usedShare: 0.9 + i / 100 }))
  const { verdict, found } = judgeSpace(seven, 0.8)
  assert.equal(verdict, 'warning')
  assert.match(found, /^t6 \(96 %\), t5 \(95 %\), .* and 2 more of this data centre's numbers used$/)
  assert.match(judgeSpace([{ tag: 'a', usedShare: 0.999 }], 0.8).found, /99 %/)
  assert.equal(judgeSpace([{ tag: 'a', usedShare: 1 }], 0.8).verdict, 'bad')
})

test('a disk is low below a gibibyte and bad where the database could not write its log', () => {
  const judge = (mib: number): string => judgeDisk('data', mib * 1_048_576).verdict
  assert.deepEqual([5000, 1024, 1023, 128, 127].map(judge), ['ok', 'ok', 'warning', 'warning', 'bad'])
})

test('more threads than processors are worth a look, but two never are', () => {
  assert.deepEqual(
    [
      [1, 1],
      [2, 1],
      [3, 2],
      [8, 8],
    ].map(([threads = 0, cpus = 0]) => judgeThreads(threads, cpus).verdict),
    ['ok', 'ok', 'warning', 'ok'],
  )
})

test('changes of keys that are not told at once are worth a look, unless nobody asked for it', () => {
  assert.equal(judgeKeyNews(true, undefined).verdict, 'ok')
  assert.match(judgeKeyNews(false, undefined).found, /^off \(database\.listen\)/)
  const deaf = judgeKeyNews(true, 'the line is cut')
  assert.equal(deaf.verdict, 'warning')
  assert.match(deaf.found, /: the line is cut$/)
  assert.match(deaf.todo ?? '', /database\.listenUrl/)
})
