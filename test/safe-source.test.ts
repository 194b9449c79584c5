import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'

/** What no test of behaviour shows for sure, so the source is looked at. */
const ROOT = join(import.meta.dirname, '..')
const SOURCES = globSync(['service/**/*.ts', 'migrations/*.ts'], { cwd: ROOT }).filter(
  (path) => !/\.test\.ts$|\/generated\//.test(path),
)

function linesWith(pattern: RegExp): string[] {
  return SOURCES.flatMap((path) =>
    readFileSync(join(ROOT, path), 'utf8')
      .split('\n')
      .filter((line) => pattern.test(line))
      .map((line) => `${path}: ${line.trim()}`),
  )
}

test('values reach the database as parameters, never as text of a statement', () => {
  const put = linesWith(/\bsql\.(?:raw|lit)\b/)
  // Bounds of a partition are part of the grammar: PostgreSQL takes no parameter there. Both are dates made here.
  const bounds = put.filter((line) => /partitions\.ts: FOR VALUES FROM \(\$\{sql\.lit\(month\./.test(line))
  assert.equal(bounds.length, 1)
  assert.deepEqual(
    put.filter((line) => !bounds.includes(line)),
    [],
  )
  const texts = linesWith(/\.query\(\s*`[^`]*\$\{/)
  // The name of a channel is grammar as well, and made here: one is a constant, the other has a random number.
  const channels = texts.filter((line) => /news-connection\.ts: .*`LISTEN \$\{options\.channel\}/.test(line))
  assert.equal(channels.length, 1)
  assert.deepEqual(
    texts.filter((line) => !channels.includes(line)),
    [],
  )
})

test('secrets are compared in constant time, never by ===', () => {
  const compared = linesWith(
    /\b(?:digest|hash|seal|hmac|secret|signature)\w*\s*[!=]==(?!\s*(?:undefined|null|true|'))/i,
  )
  // The hashes of the audit chain are no secrets: everybody may read them who may read the log.
  assert.deepEqual(
    compared.filter((line) => !/^service\/app\/audit-(?:file-)?check\.ts/.test(line)),
    [],
  )
  assert.ok(linesWith(/timingSafeEqual\(/).length >= 3)
})
