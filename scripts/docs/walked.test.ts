import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { describe, test } from 'node:test'
import { CONTENTS, type CodeBlock, codeBlocks, documents, ROOT, targetOf } from './documents.ts'
import { CODE, reasonNotToRun, WALKED } from './walked.ts'

/** Pages all of whose commands a test of their own runs; it names the page. */
const RUN_BY: Readonly<Record<string, string>> = {
  'docs/bench.md': 'test/integration/bench-document.test.ts',
  'sdk/README.md': 'test/integration/sdk-package.test.ts',
}

/** Records say what was true when they were written. */
const PAGES = documents().filter(({ path }) => !/^docs\/decisions\/|^CHANGELOG/.test(path))

describe('commands and code that a document shows', () => {
  test('are run by a test, or say why they are not', () => {
    const silent = PAGES.flatMap((page) =>
      codeBlocks(page)
        .filter((block) => CODE.has(block.language) && !isRun(block))
        .filter((block) => reasonNotToRun(page, block) === undefined)
        .map(({ line, language }) => `${page.path}:${line} (${language})`),
    )
    assert.deepEqual(silent, [], 'walk the page (walked.ts), or write <!-- not run: why --> above the block')
  })

  test('of a page with a test of its own are named there', () => {
    for (const [path, by] of Object.entries(RUN_BY)) {
      const named = new RegExp(basename(dirname(path)) === 'sdk' ? 'README' : basename(path))
      assert.match(readFileSync(join(ROOT, by), 'utf8'), named, by)
    }
  })

  test('that are not run name a file that holds them, or say that no test does', () => {
    const reasons = PAGES.flatMap((page) =>
      codeBlocks(page).flatMap((block) => {
        const reason = reasonNotToRun(page, block)
        return reason === undefined ? [] : [{ place: `${page.path}:${block.line}`, reason }]
      }),
    )
    assert.ok(reasons.length > 5)
    assert.deepEqual(
      reasons.filter(({ reason }) => !saysWhatHoldsIt(reason)),
      [],
    )
  })

  test('a reason that names nothing, or a file that is not there, is refused', () => {
    const onNode = 'test/e2e/kubernetes.test.ts does'
    for (const reason of ['it needs a cluster', 'CI runs it', 'test/integration/none.test.ts does', onNode])
      assert.equal(saysWhatHoldsIt(reason), false, reason)
    for (const reason of [
      'no test does: it needs a cluster',
      'test/integration/resp.test.ts does',
      `${onNode} (make e2e, which the workflow leaves out)`,
    ])
      assert.equal(saysWhatHoldsIt(reason), true, reason)
  })

  test('the workflow leaves out what the documents say it does', () => {
    const steps = readFileSync(join(ROOT, '.github/workflows/ci.yaml'), 'utf8').match(/^ +- run: .*$/gm) ?? []
    assert.ok(steps.some((step) => step.endsWith('make cluster-test')))
    assert.deepEqual(
      steps.filter((step) => /\be2e\b/.test(step)),
      [],
      'the reasons that say "which the workflow leaves out", docs/kubernetes.md and the Makefile say so',
    )
  })
})

/** A test, or the workflow of CI. `*` stands for several tests. What a test/e2e alone holds is held where somebody runs that. */
function saysWhatHoldsIt(reason: string): boolean {
  const files = reason.match(/[\w/.*-]+\.(?:test\.ts|yaml)\b/g) ?? []
  if (files.length === 0) return /\bno test\b/.test(reason)
  if (files.every((file) => file.startsWith('test/e2e/')) && !reason.includes(LEFT_OUT)) return false
  return files.every((file) => globSync(file, { cwd: ROOT }).length > 0)
}

const LEFT_OUT = 'make e2e, which the workflow leaves out'

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

function isRun({ path, language }: CodeBlock): boolean {
  return RUN_BY[path] !== undefined || (isWalked(path) && (language === 'sh' || language === 'console'))
}
