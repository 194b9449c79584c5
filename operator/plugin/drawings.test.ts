import assert from 'node:assert/strict'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { stripVTControlCharacters } from 'node:util'
import { drawList, drawStatus } from './draw-status.ts'
import { drawTagTable } from './draw-tags.ts'
import { EXAMPLES, generator, TROUBLED_TAGS } from './example-views.ts'
import type { GeneratorView } from './generator-view.ts'
import { type Line, type Look, print } from './styled-line.ts'
import { columnsOf } from './text-columns.ts'

const FOLDER = join(import.meta.dirname, 'drawings')
const PLAIN: Look = { colour: false, unicode: true, width: 80 }

/** Everything that is drawn, by the name of its file. */
const DRAWINGS: Readonly<Record<string, (look: Look) => Line[]>> = {
  ...Object.fromEntries(
    Object.entries(EXAMPLES).map(([name, view]) => [
      `status-${name}`,
      (look: Look) => drawStatus(view, look),
    ]),
  ),
  tags: (look) => drawTagTable(generator({}), TROUBLED_TAGS, look),
  'tags-none': (look) => drawTagTable(generator({}), [], look),
  list: (look) => drawList([EXAMPLES.quiet.generator, EXAMPLES.hold.generator, EXAMPLES.new.generator], look),
}

describe('drawings', () => {
  // With UPDATE_DRAWINGS=1 they are written anew; look at the difference before it is committed.
  for (const [name, draw] of Object.entries(DRAWINGS))
    test(`the drawing ${name} is as it was`, () => {
      const file = join(FOLDER, `${name}.txt`)
      const now = print(draw(PLAIN), PLAIN)
      if (process.env['UPDATE_DRAWINGS'] === '1') writeFileSync(file, now)
      assert.equal(now, readFileSync(file, 'utf8'))
    })

  test('every file belongs to a drawing', () => {
    assert.deepEqual(
      readdirSync(FOLDER).toSorted(),
      Object.keys(DRAWINGS)
        .map((name) => `${name}.txt`)
        .toSorted(),
    )
  })

  test('nothing is wider than the terminal, whatever its width', () => {
    for (const [name, draw] of Object.entries(DRAWINGS))
      for (let width = 40; width <= 130; width += 9)
        for (const unicode of [true, false]) {
          const look = { ...PLAIN, unicode, width }
          for (const row of print(draw(look), look).split('\n'))
            assert.ok(columnsOf(row) <= width, `${name} at ${width}: ${row}`)
        }
  })

  test('colours change nothing but colours', () => {
    for (const draw of Object.values(DRAWINGS)) {
      const coloured = print(draw(PLAIN), { ...PLAIN, colour: true })
      assert.equal(stripVTControlCharacters(coloured), print(draw(PLAIN), PLAIN))
    }
    const failing = print(drawStatus(EXAMPLES.failing, PLAIN), { ...PLAIN, colour: true })
    assert.ok(failing.includes('\u001b[31mFail\u001b[0m'))
  })

  test('where the terminal knows letters only, nothing else is drawn', () => {
    for (const draw of Object.values(DRAWINGS)) {
      const look = { ...PLAIN, unicode: false }
      assert.match(print(draw(look), look), /^[\x20-\x7e\n]*$/)
    }
  })

  test('without a terminal nothing is cut', () => {
    const look = { ...PLAIN, width: Number.POSITIVE_INFINITY }
    const image = `registry.example.com/${'very/'.repeat(40)}long:1`
    const view: GeneratorView = {
      ...EXAMPLES.hold,
      generator: generator({ revisions: [{ revision: 'a', image, desired: 1, available: 1 }] }),
    }
    assert.ok(print(drawStatus(view, look), look).includes(image))
    assert.ok(!print(drawStatus(view, PLAIN), PLAIN).includes(image))
  })

  test('a message from the cluster cannot steer the terminal', () => {
    const evil = 'one\u001b[2Jtwo\rthree\u202efour\nfive'
    const view: GeneratorView = {
      ...EXAMPLES.hold,
      events: [{ type: 'Warning', reason: evil, note: evil, at: '', count: 1 }],
    }
    const text = print(drawStatus(view, PLAIN), PLAIN)
    assert.match(text, /one \[2Jtwo/)
    for (const steering of ['\u001b', '\r', '\u202e']) assert.ok(!text.includes(steering))
  })
})
