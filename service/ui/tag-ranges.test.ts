import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Language, Words } from './language.ts'
import { forecasts } from './tag-forecast.ts'
import { rangesPicture } from './tag-ranges.ts'

type Tagged = Parameters<typeof forecasts>[0]
type Recent = Parameters<typeof forecasts>[1]

const DAY_MS = 86_400_000
const NOON_MS = Date.parse('2026-11-27T12:00:00Z')
const DAYS = NOON_MS / DAY_MS - 0.5

function picture(found: Tagged, language: Language, recent: Recent = []): string {
  const say = <T>(words: Words<T>): T => words[language]
  const all = forecasts(found, recent, NOON_MS)
  return String(
    rangesPicture({ preferences: { language, theme: 'auto' }, say }, found.tag.space, all, NOON_MS),
  )
}

const FORMAT = { prefix: 'INV-', reset: 'day', width: 6 } as const
const SPACE = { startAt: 1, cellSize: 124_999, dcCount: 8, format: FORMAT }
const FIRST = 1 + DAYS * 8 * SPACE.cellSize
const DATED: Tagged = {
  tag: { space: SPACE, createdAt: new Date(0) },
  places: [{ dc: 0, cell: DAYS * 8, nextValue: FIRST + 100_000 }],
}

test('a tag with dates has the numbers of its present date left, until the next one', () => {
  const page = picture(DATED, 'en')
  assert.match(page, /80% of 20261127 used, 24,999 left/)
  assert.match(page, /0% of 20261127 used, 124,999 left/)
  assert.match(page, /the next date begins <time datetime="2026-11-28T00:00:00.000Z"/)
  assert.doesNotMatch(page, /thousand years|full (?:before|in)/)
  const chinese = picture(DATED, 'zh')
  assert.match(chinese, /20261127 已用 80%，剩余 24,999/)
  assert.match(chinese, /下一日期开始于 <time datetime="2026-11-28T00:00:00.000Z"/)
  assert.doesNotMatch(chinese, /一千年|用尽/)
})

test('a date that will be full before it ends is said to be', () => {
  const recent = [{ dc: 0, numbers: 100_000, from: new Date(NOON_MS - DAY_MS / 2) }]
  assert.match(picture(DATED, 'en', recent), /<\/time>, full before that at today’s rate/)
  assert.match(picture(DATED, 'zh', recent), /<\/time>，按今日速率将在此之前用尽/)
  // 24,999 are left for twelve hours: at a thousand in the last minute not for one.
  const busy = [{ dc: 0, numbers: 1000, from: new Date(NOON_MS - 60_000) }]
  assert.match(picture(DATED, 'en', busy), /<\/time>, full before that at its present rate/)
  assert.match(picture(DATED, 'zh', busy), /<\/time>，按当前速率将在此之前用尽/)
})

test('the strip shows the cells in use, wherever they lie', () => {
  const tag = { space: { startAt: 0, cellSize: 1000, dcCount: 2 }, createdAt: new Date(0) }
  const places = [
    { dc: 0, cell: 40, nextValue: 40_010 },
    { dc: 1, cell: 1001, nextValue: 1_001_500 },
  ]
  for (const [found, used, boxes] of [
    [{ tag, places }, 2, 4],
    [DATED, 1, 16],
  ] as const) {
    const page = picture(found, 'en')
    const [strip = ''] = /<figure>.*?<\/figure>/s.exec(page) ?? []
    assert.equal(strip.match(/class="fill-accent"/g)?.length, used)
    assert.equal(strip.match(/<rect/g)?.length, boxes)
  }
  const page = picture({ tag, places }, 'en')
  assert.match(page, /cell 40<.*cell 1,001</s)
  assert.match(picture({ tag, places }, 'zh'), /单元 40<.*单元 1,001</s)
  assert.match(picture(DATED, 'en'), new RegExp(`cell ${(DAYS * 8).toLocaleString('en')}<`))
})
