import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { UiVisitor } from '../../test/fixtures/ui-visitor.ts'
import { MEANINGS_ZH } from './trouble-words.ts'

const SERVICE = join(import.meta.dirname, '..')

/** `{ what: 'redis', why }` of everything but the commands, whose findings are no troubles. */
function reported(): string[] {
  const files = globSync(['*.ts', 'app/*.ts', 'threads/*.ts'], { cwd: SERVICE })
  return files
    .filter((file) => !file.endsWith('.test.ts'))
    .flatMap((file) => [
      ...readFileSync(join(SERVICE, file), 'utf8').matchAll(/\{ what: (?:'([^']+)'|`([^`]+)`), why/g),
    ])
    .map(([, plain, template]) => plain ?? (template ?? '').replace(/\$\{[^}]*\}/g, '1'))
}

test('everything that can be in trouble has a name and a meaning in Chinese, and nothing else has', () => {
  const all = reported()
  assert.ok(all.length >= MEANINGS_ZH.length, all.join(', '))
  for (const what of all)
    assert.ok(
      MEANINGS_ZH.some(([pattern]) => pattern.test(what)),
      what,
    )
  for (const [pattern] of MEANINGS_ZH)
    assert.ok(
      all.some((what) => pattern.test(what)),
      pattern.source,
    )
})

test('the overview says in Chinese what a trouble means, and marks the cause as English', async (t) => {
  const visitor = await UiVisitor.signedIn(t)
  const { readiness } = visitor.api.memory.useCases
  readiness.watch(() => [{ what: 'redis', why: 'connect ECONNREFUSED' }])
  readiness.watch(() => [{ what: 'a new store', why: 'away' }])
  assert.match(await visitor.see('/ui'), /<strong>redis<\/strong>: connect ECONNREFUSED/)
  await visitor.send('/ui/preferences', { language: 'zh' })
  const page = await visitor.see('/ui')
  assert.match(
    page,
    /<strong>Redis<\/strong>：缓存不可用，发号不受影响。<span lang="en"[^>]*>connect ECONNREFUSED</,
  )
  assert.match(page, /<strong>a new store<\/strong>：仅部分可用。/)
})
