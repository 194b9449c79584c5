import assert from 'node:assert/strict'
import { test } from 'node:test'
import { lookFor } from './terminal-screen.ts'

const TERMINAL = { isTTY: true, columns: 120 }

test('colours need a terminal, and nobody who does not want them', () => {
  assert.equal(lookFor(TERMINAL, { TERM: 'xterm' }, true).colour, true)
  assert.equal(lookFor(TERMINAL, {}, false).colour, false)
  assert.equal(lookFor(TERMINAL, { NO_COLOR: '1' }, true).colour, false)
  assert.equal(lookFor(TERMINAL, { NO_COLOR: '' }, true).colour, true)
  assert.equal(lookFor(TERMINAL, { TERM: 'dumb' }, true).colour, false)
  assert.equal(lookFor({}, { TERM: 'xterm' }, true).colour, false)
})

test('signs beyond letters need a locale that has them', () => {
  assert.equal(lookFor(TERMINAL, { LANG: 'zh_CN.UTF-8' }, true).unicode, true)
  assert.equal(lookFor(TERMINAL, { LC_ALL: 'C', LANG: 'zh_CN.UTF-8' }, true).unicode, false)
  assert.equal(lookFor(TERMINAL, {}, true).unicode, false)
})

test('the width is that of the terminal; without one nothing is cut', () => {
  assert.equal(lookFor(TERMINAL, {}, true).width, 120)
  assert.equal(lookFor({ isTTY: true, columns: 10 }, {}, true).width, 40)
  assert.equal(lookFor({ isTTY: true }, {}, true).width, 80)
  assert.equal(lookFor({}, {}, true).width, Number.POSITIVE_INFINITY)
})
