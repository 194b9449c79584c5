import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { FoundRecord } from '../ports/audit-query.ts'
import { degradedTimes } from './degraded-times.ts'

type Move = readonly [atMs: number, tag: string, action: 'degrade' | 'recover', from: string, to: string]

function record([atMs, subject, action, from, to]: Move, chain?: string): FoundRecord {
  return {
    at: new Date(atMs),
    id: atMs,
    actor: 'system',
    action: `algorithm.${action}`,
    subject,
    workspace: 'w',
    result: 'ok',
    traceId: undefined,
    detail: { from, to, reason: 'away' },
    ...(chain !== undefined && { link: { chain, seq: 1, previousHash: '', hash: '' } }),
  }
}

const NONE: ReadonlyMap<string, number> = new Map()

test('a degradation lasts until the tag comes back or goes down another step', () => {
  const newest = [
    record([500, 'w/g/b', 'degrade', 'segment', 'snowflake']),
    record([400, 'w/g/a', 'recover', 'uuid-v7', 'segment']),
    record([300, 'w/g/a', 'degrade', 'snowflake', 'uuid-v7']),
    record([100, 'w/g/a', 'degrade', 'segment', 'snowflake']),
  ]
  assert.deepEqual(degradedTimes(newest, 0, NONE), [
    { tag: 'w/g/a', fromMs: 100, untilMs: 300, to: 'snowflake' },
    { tag: 'w/g/a', fromMs: 300, untilMs: 400, to: 'uuid-v7' },
    { tag: 'w/g/b', fromMs: 500, to: 'snowflake' },
  ])
})

test('a tag that came back, and went over before the time that is looked at, was degraded from its beginning', () => {
  const newest = [
    record([90, 'w/g/a', 'degrade', 'segment', 'uuid-v7']),
    record([50, 'w/g/a', 'recover', 'snowflake', 'segment']),
  ]
  assert.deepEqual(degradedTimes(newest, 10, NONE), [
    { tag: 'w/g/a', fromMs: 10, untilMs: 50, to: 'snowflake' },
    { tag: 'w/g/a', fromMs: 90, to: 'uuid-v7' },
  ])
})

test('a tag that came back by two steps was degraded between them', () => {
  const newest = [
    record([70, 'w/g/a', 'recover', 'snowflake', 'segment']),
    record([50, 'w/g/a', 'recover', 'uuid-v7', 'snowflake']),
  ]
  assert.deepEqual(degradedTimes(newest, 10, NONE), [
    { tag: 'w/g/a', fromMs: 10, untilMs: 50, to: 'uuid-v7' },
    { tag: 'w/g/a', fromMs: 50, untilMs: 70, to: 'snowflake' },
  ])
})

test('a process that came back ends no bar of another one, and one that ended has none that goes on', () => {
  const newest = [
    record([300, 'w/g/a', 'recover', 'snowflake', 'segment'], 'pod-1'),
    record([200, 'w/g/a', 'degrade', 'segment', 'uuid-v7'], 'pod-3'),
    record([110, 'w/g/a', 'degrade', 'segment', 'snowflake'], 'pod-2'),
    record([100, 'w/g/a', 'degrade', 'segment', 'snowflake'], 'pod-1'),
  ]
  assert.deepEqual(degradedTimes(newest, 0, new Map([['pod-3', 250]])), [
    { tag: 'w/g/a', fromMs: 100, untilMs: 300, to: 'snowflake' },
    { tag: 'w/g/a', fromMs: 110, to: 'snowflake' },
    { tag: 'w/g/a', fromMs: 200, untilMs: 250, to: 'uuid-v7' },
  ])
})
