import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { DeclaredTag } from '../ports/declaration-store.ts'
import { forecasts } from './tag-ranges.ts'

const DAY_MS = 86_400_000
const SPACE = { startAt: 0, cellSize: 2 ** 50, dcCount: 8 }

function tagAt(nextValue: number): DeclaredTag {
  const tag = {
    id: 1,
    generation: '',
    workspace: 'w',
    group: 'g',
    name: 't',
    displayName: '',
    chain: ['segment'],
    step: { base: 1, min: 1, max: 1 },
    space: SPACE,
    version: 1,
    createdAt: new Date(0),
    updatedAt: new Date(0),
  } as const
  return { tag, declaration: undefined, places: [{ dc: 0, cell: 0, nextValue }] }
}

test('numbers last as long as what is left lasts at the rate of today', () => {
  const nowMs = 10 * DAY_MS
  const half = 2 ** 49
  const granted = [{ dc: 0, numbers: 2 ** 40, from: new Date(nowMs - DAY_MS) }]
  const [first, second] = forecasts(tagAt(half), granted, nowMs)
  assert.equal(first?.used, 0.5)
  assert.equal(first?.left, half)
  assert.equal(first?.fullInDays, half / 2 ** 40)
  assert.equal(second?.used, 0)
  assert.equal(second?.fullInDays, undefined)
})

test('of a tag that began a moment ago the rate is that of an hour at least', () => {
  const nowMs = 10 * DAY_MS
  const granted = [{ dc: 0, numbers: 1000, from: new Date(nowMs - 1000) }]
  const [first] = forecasts(tagAt(1000), granted, nowMs)
  assert.equal(Math.round(first?.fullInDays ?? 0), Math.round((2 ** 50 - 1000) / 24_000))
})
