import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'

/** What no test of behaviour shows for sure, so the source is looked at. */
const ROOT = join(import.meta.dirname, '..')
const SOURCES = globSync(['service/**/*.ts', 'migrations/*.ts'], { cwd: ROOT }).filter(
  (path) => !/\.test\.ts$|\/generated\//.test(path),
)

function linesWith(pattern: RegExp, sources: readonly string[] = SOURCES): string[] {
  return sources.flatMap((path) =>
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

/**
 * `Buffer.equals` and `Buffer.compare` are memcmp: it stops early as well, by steps too small for
 * test/integration/key-timing.test.ts to see, so nothing but the source tells.
 */
test('bytes are compared by nothing that stops at the first difference', () => {
  const compared = linesWith(
    /\.equals\b|(?<!\.)\.compare\b|\.localeCompare\b|\bisDeepStrictEqual\b|\bObject\.is\b|\bindexOfPair\b/,
  )
  assert.deepEqual(compared.sort(), [
    // Both sides are our own configuration: the key before and the key after it was read again.
    'service/app/authenticator.ts: next === undefined ? this.#adminHash === undefined : this.#adminHash?.equals(next) === true',
    // The first bytes of HTTP/2, which everybody knows.
    "service/http2/preface.ts: if (PREFACE.compare(bytes, 0, known, 0, known) !== 0) return 'other'",
  ])
})

test('the files that check secrets look for them in no other way', () => {
  const checking = SOURCES.filter((path) =>
    /\btimingSafeEqual\(/.test(readFileSync(join(ROOT, path), 'utf8')),
  )
  assert.deepEqual(checking.sort(), [
    'service/app/authenticator.ts',
    'service/app/key-validity.ts',
    'service/app/record-seal.ts',
    'service/ui/session.ts',
  ])
  // Lengths are public: each digest has the same.
  assert.deepEqual(
    [
      ...linesWith(/\.(?:indexOf|lastIndexOf|startsWith|endsWith|search)\(/, checking),
      ...linesWith(
        /\b(?:a|b|given|wanted|csrf|token|\w*hash|\w*digest)\b(?:\?|!)?\.(?:includes|match|toString)\(/i,
        checking,
      ),
      ...linesWith(/\b(?:a|b|given|wanted|csrf|token)\s*[!=]==?(?!\s*undefined)/, checking),
      ...linesWith(/[!=]==?\s*(?:\w+\.)*(?:a|b|given|wanted|csrf|token)\b(?!\.length)/, checking),
    ],
    [],
  )
})
