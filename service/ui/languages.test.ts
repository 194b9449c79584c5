import assert from 'node:assert/strict'
import { test } from 'node:test'
import { wordsOf } from '../../test/fixtures/page-words.ts'
import { WALK_NAMES, walkPages } from '../../test/fixtures/ui-walk.ts'
import { ALGORITHMS } from '../core/algorithm.ts'
import { FORMAT_FIELDS } from '../core/id-format.ts'
import { SCOPES } from '../ports/api-key-store.ts'

const word = (...words: readonly string[]): RegExp =>
  new RegExp(`(?<![\\w-])(?:${words.join('|')})(?![\\w-])`, 'g')

/** What a Chinese page may have in Latin letters, each kind with why. Whatever else is there was forgotten. */
const ALLOWED: readonly (readonly [why: string, allowed: RegExp])[] = [
  // A word, or two with a blank that may not be there: a sentence in quotes is one that was forgotten.
  ['what somebody typed, in a fault', /"(?:A b|[^"\s]*)"/g],
  ['commands', /“(?:make|idgen) [a-z -]+”|idgen doctor/g],
  [
    'lines to write, as an example',
    /acme\/shop\/orders segment 1000|prefix=INV-(?: reset=day width=6)?|reset=day/g,
  ],
  ['names in an example', /tag\.update|acme\/billing\/invoices|INV-\d+-\d+|\d{4}-\d\d-\d\dT[\d:]+Z/g],
  ['names of files and beginnings of keys', /data\/quickstart-key|idg_/g],
  ['places in requests, and paths of pages', /(?<!\w)\/(?:[a-z][a-zA-Z]*)(?:\/[a-z][a-zA-Z]*)*/g],
  ['keys of the configuration', /\b(?:server|auth)(?:\.[a-zA-Z]+)+/g],
  ['letters that may be used', /a[-–]z|A-Z/g],
  ['names that the walk gave', word(...WALK_NAMES)],
  ['names of algorithms, scopes and fields, as the API has them', word(...ALGORITHMS, ...SCOPES)],
  ['names of fields', word('base', 'min', 'max', ...FORMAT_FIELDS)],
  ['codes of errors, and a variable of a shell', /\bIDGEN_[A-Z_]+/g],
  [
    'programs',
    word('idgen', 'etcd', 'Redis', 'redis-cli', 'Grafana', 'Kubernetes', 'BizTag', 'curl', 'PostgreSQL'),
  ],
  ['languages and protocols', word('HTTP', 'gRPC', 'API', 'JavaScript', 'TypeScript', 'NTP', 'Retry-After')],
  ['terms that Chinese engineers write so', word('ID', 'UUID', 'UTC', 'ISO', 'Luhn')],
  ['units', word('ms', 's')],
]

test('a Chinese page has no English left in it', async (t) => {
  const left = new Map<string, string>()
  const used = new Set<string>()
  const pages = await walkPages(t, 'zh')
  for (const { name, text } of pages)
    for (const { text: said, place } of wordsOf(text)) {
      let rest = said
      for (const [why, allowed] of ALLOWED) {
        const without = rest.replace(allowed, '')
        if (without !== rest) used.add(why)
        rest = without
      }
      if (/[A-Za-z]/.test(rest)) left.set(said.slice(0, 160), `${place} of ${name.slice(0, 100)}`)
    }
  assert.deepEqual(Object.fromEntries(left), {})
  for (const { name, text } of pages) assert.match(text, /\p{Script=Han}|^$/u, name)
  const unused = ALLOWED.filter(([why]) => !used.has(why))
  assert.deepEqual(unused, [], 'allowed, but nowhere to be seen')
})

test('an English page has no Chinese left in it', async (t) => {
  const left = new Map<string, string>()
  for (const { name, text } of await walkPages(t, 'en'))
    for (const { text: said, place } of wordsOf(text))
      if (/\p{Script=Han}/u.test(said)) left.set(said.slice(0, 120), `${place} of ${name}`)
  assert.deepEqual(Object.fromEntries(left), {})
})
