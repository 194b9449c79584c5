import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { describe, test } from 'node:test'
import { CONTENTS, codeBlocks, documents, ROOT, targetOf } from './documents.ts'
import { SHELL } from './shell-commands.ts'
import { reasonNotToRun, WALKED } from './walked.ts'

/** Pages all of whose commands a test of their own runs; it names the page. */
const RUN_BY: Readonly<Record<string, string>> = {
  'docs/bench.md': 'test/integration/bench-document.test.ts',
  'sdk/README.md': 'test/integration/sdk-package.test.ts',
}

/** Records say what was true when they were written. */
const PAGES = documents().filter(({ path }) => !/^docs\/decisions\/|^CHANGELOG/.test(path))

describe('commands that a document shows', () => {
  test('are run by a test, or say why they are not', () => {
    const silent = PAGES.filter(({ path }) => !isRun(path)).flatMap((page) =>
      codeBlocks(page)
        .filter((block) => SHELL.has(block.language) && reasonNotToRun(page, block) === undefined)
        .map(({ line }) => `${page.path}:${line}`),
    )
    assert.deepEqual(silent, [], 'walk the page (walked.ts), or write <!-- not run: why --> above the block')
  })

  test('of a page with a test of its own are named there', () => {
    for (const [path, by] of Object.entries(RUN_BY)) {
      const named = new RegExp(basename(dirname(path)) === 'sdk' ? 'README' : basename(path))
      assert.match(readFileSync(join(ROOT, by), 'utf8'), named, by)
    }
  })

  test('that are not run name tests that exist', () => {
    const reasons = PAGES.flatMap((page) =>
      codeBlocks(page).flatMap((block) => reasonNotToRun(page, block) ?? []),
    )
    assert.ok(reasons.length > 5)
    const named = reasons.flatMap((reason) => reason.match(/\b[\w/.-]+\.test\.ts\b/g) ?? [])
    assert.deepEqual(
      named.filter((file) => !existsSync(join(ROOT, file))),
      [],
    )
  })
})

test('the list of documents marks with ▶ the pages that are walked, and no other', () => {
  const contents = readFileSync(join(ROOT, CONTENTS), 'utf8')
  const rows = [...contents.matchAll(/^- \[[^\]]+\]\(([^)]+)\): (▶)?/gm)].map(([, href = '', mark]) => ({
    path: targetOf(CONTENTS, href)?.path ?? '',
    isMarked: mark !== undefined,
  }))
  assert.ok(rows.length > 20)
  assert.deepEqual(
    rows.filter(({ path, isMarked }) => isMarked !== isWalked(path)),
    [],
  )
})

function isWalked(path: string): boolean {
  return WALKED.some((one) => one === path)
}

function isRun(path: string): boolean {
  return isWalked(path) || RUN_BY[path] !== undefined
}
