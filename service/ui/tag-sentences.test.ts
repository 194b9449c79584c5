import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { completed } from '../app/tag-request.ts'
import { ALGORITHMS, type AlgorithmName } from '../core/algorithm.ts'
import { givesSafeNumbers, type IdFormat, isWritten } from '../core/id-format.ts'
import { type TagDraft, tagFaults } from '../core/tag.ts'
import { LANGUAGES, type Language } from './language.ts'
import { tagSentences } from './tag-sentences.ts'

const FORMATS: readonly (readonly [string, IdFormat | undefined])[] = [
  ['no format', undefined],
  ['a prefix', { prefix: 'A-' }],
  ['a date', { reset: 'day', width: 6 }],
  ['53-bit', { snowflake: '53-bit' }],
  [
    '63 bits',
    { snowflake: { epochMs: 0, unitMs: 1, timeBits: 41, dcBits: 3, workerBits: 8, sequenceBits: 11 } },
  ],
  ['53-bit and a prefix', { snowflake: '53-bit', prefix: 'A-' }],
]

/** Every part of the order that a chain may be. */
const CHAINS: readonly (readonly AlgorithmName[])[] = Array.from({ length: 15 }, (_, at) =>
  ALGORITHMS.filter((_one, bit) => ((at + 1) >> bit) % 2 === 1),
)

/** What a sentence promises of the IDs. */
const SAYS: Readonly<Record<Language, Readonly<Record<string, RegExp>>>> = {
  en: {
    safe: /safe in every language/,
    above: /above 2\^53|63-bit/,
    asText: /give them to JavaScript as text/,
    uuids: /UUID/,
    format: /IDs are text in this format/,
    fixed: /can never be changed/,
  },
  zh: {
    safe: /所有语言中都安全/,
    above: /大于 2\^53|63 位/,
    asText: /传给 JavaScript 时请使用文本/,
    uuids: /UUID/,
    format: /此格式的文本/,
    fixed: /永远不可更改/,
  },
}

function draftOf(chain: readonly AlgorithmName[], format: IdFormat | undefined): TagDraft {
  return completed({ chain, space: format === undefined ? {} : { format } })
}

describe('what the sentences promise', () => {
  for (const language of LANGUAGES)
    test(`holds for each chain with each format, in ${language}`, () => {
      let held = 0
      for (const [name, format] of FORMATS)
        for (const chain of CHAINS) {
          const draft = draftOf(chain, format)
          if (tagFaults(draft).length > 0) continue
          held += 1
          const text = tagSentences(draft, language).join(' ')
          const says = Object.fromEntries(
            Object.entries(SAYS[language]).map(([what, pattern]) => [what, pattern.test(text)]),
          )
          const { format: own } = draft.space
          const isText = isWritten(own)
          const numeric = chain.filter((one) => !one.startsWith('uuid'))
          const unsafe = numeric.filter((one) => !givesSafeNumbers(one, own))
          const [first = 'segment'] = chain
          assert.deepEqual(
            says,
            {
              safe: !isText && numeric.length > 0 && givesSafeNumbers(first, own),
              above: isText ? chain.join() === 'segment,snowflake' : unsafe.length > 0,
              asText: !isText && unsafe.length > 0,
              uuids: chain.some((one) => one.startsWith('uuid')),
              format: isText,
              fixed: own !== undefined,
            },
            `${chain.join(' → ')} with ${name}: ${text}`,
          )
        }
      assert.ok(held > 25, `${held} settings without a fault`)
    })

  test('of the default chain numbers are safe until snowflake stands in, in one sentence each', () => {
    const said = tagSentences(completed({}), 'en')
    assert.equal(said[1], 'IDs are numbers below 2^53: safe in every language, JavaScript included.')
    assert.match(said[2] ?? '', /^While snowflake stands in for segment, .* above 2\^53: .*as text\.$/)
    assert.match(said[3] ?? '', /^At the end of the chain stand UUIDs/)
  })

  test('the 53-bit layout alone gives numbers, and is what can never be changed', () => {
    const said = tagSentences(completed({ space: { format: { snowflake: '53-bit' } } }), 'en')
    assert.match(said[1] ?? '', /^IDs are numbers below 2\^53/)
    assert.match(said.join(' '), /The layout can never be changed/)
  })
})

test('one of a thing is said as one, and large numbers in words', () => {
  const one = tagSentences(completed({ space: { dcCount: 1 } }), 'en').join(' ')
  assert.match(
    one,
    /The one data centre owns 9 quadrillion numbers: at 1,000 a second they last 285,400 years/,
  )
  const eight = tagSentences(completed({}), 'en').join(' ')
  assert.match(eight, /Each of 8 data centres owns 1\.1 quadrillion numbers/)
  const dated = tagSentences(completed({ space: { dcCount: 1, format: { reset: 'day', width: 6 } } }), 'en')
  assert.match(dated.join(' '), /999,999 IDs for the one data centre/)
  for (const text of [one, eight, ...dated]) assert.doesNotMatch(text, /\(s\)/)
})
