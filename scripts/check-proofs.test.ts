import assert from 'node:assert/strict'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { describe, test } from 'node:test'
import { PROOF_CONFIGURATIONS } from './proof-configurations.ts'
import { configurationText, readOutput, resultsDocument } from './proof-results.ts'
import { proofSelection } from './proof-selection.ts'

/** What can be said of the model check without Java; `make proofs` runs it. */
const MODELS = join(import.meta.dirname, '../docs/proofs')

function read(name: string): string {
  return readFileSync(join(MODELS, name), 'utf8')
}

describe('the configurations of the model check', () => {
  test('every rule that a model can leave out is left out by a configuration of it', () => {
    for (const path of globSync('*.tla', { cwd: MODELS })) {
      const model = basename(path, '.tla')
      const rules = new Set([...read(path).matchAll(/Weak\("([^"]+)"\)/g)].map(([, rule]) => rule))
      const left = PROOF_CONFIGURATIONS.filter((one) => one.model === model).map(
        ({ set }) => set['Weakening'],
      )
      assert.deepEqual([...rules].filter((rule) => !left.includes(rule)).sort(), [], `rules of ${path}`)
      const wild = left.filter((rule) => rule !== undefined && !rules.has(String(rule)))
      assert.deepEqual(wild, [], `rules that ${path} does not know`)
    }
  })

  test('every one has a name of its own, and sets constants that its model has', () => {
    const names = PROOF_CONFIGURATIONS.map(({ model, name }) => `${model}: ${name}`)
    assert.equal(new Set(names).size, names.length)
    for (const configuration of PROOF_CONFIGURATIONS)
      assert.match(configurationText(read(`${configuration.model}.cfg`), configuration), /^INVARIANT Once/m)
  })

  test('the short form has runs of every model, some that hold and some that do not', () => {
    const short = PROOF_CONFIGURATIONS.filter((one) => one.short === true)
    for (const path of globSync('*.tla', { cwd: MODELS })) {
      const verdicts = short.filter(({ model }) => `${model}.tla` === path).map(({ expect }) => expect)
      assert.deepEqual([...new Set(verdicts)].sort(), ['holds', 'violated'], path)
    }
  })

  test('the commands of the page pick what it says, and write where it says so', () => {
    const picked = new Map(
      [...read('README.md').matchAll(/^make proofs(?: PROOFS=(\S+|'[^']+'|"[^"]+"))? +# (.+)$/gm)].map(
        ([, words = '', said = '']) => {
          // As the shell and make hand it on: one layer of quotes each.
          const args = words.startsWith("'") ? [words.slice(2, -2)] : words.replaceAll('"', '').split(' ')
          const { chosen, changed, writes } = proofSelection(args.filter((arg) => arg !== ''))
          assert.ok(chosen.length > 0, words)
          assert.equal(writes, said.includes('writes results.md'), said)
          return [words, { count: chosen.length, changed }] as const
        },
      ),
    )
    const all = PROOF_CONFIGURATIONS.length
    const short = PROOF_CONFIGURATIONS.filter((one) => one.short === true).length
    const named = PROOF_CONFIGURATIONS.filter(({ model, name }) =>
      `${model}: ${name}`.includes('authority: one switch'),
    ).length
    assert.deepEqual(Object.fromEntries(picked), {
      '': { count: all, changed: false },
      short: { count: short, changed: false },
      changed: { count: all, changed: true },
      '"short changed"': { count: short, changed: true },
      '\'"authority: one switch"\'': { count: named, changed: false },
    })
  })

  test('the results name every configuration with the verdict that must come of it, or a long one as never run', () => {
    assert.ok(existsSync(join(MODELS, 'results.md')), 'make proofs writes it')
    const rows = read('results.md').split('\n')
    const missing = PROOF_CONFIGURATIONS.filter(
      ({ model, name, expect, short }) =>
        !rows.some(
          (row) =>
            row.startsWith(`| ${model} | ${name} | ${expect} |`) ||
            (short !== true && row.startsWith(`| ${model} | ${name} | never run |`)),
        ),
    )
    assert.deepEqual(missing, [])
    assert.equal(
      rows.filter((row) => /^\| \w+ \| .* \| \d+ \|/.test(row)).length,
      PROOF_CONFIGURATIONS.length,
    )
  })

  test('the sum below the results is of those that were run', () => {
    const text = read('results.md')
    const never = text.split('\n').filter((row) => row.includes('| never run |')).length
    const ran = PROOF_CONFIGURATIONS.length - never
    const sum = new RegExp(`^${ran} configurations were run: .* ${never} were never run\\.$`, 'm')
    assert.match(text, sum)
  })

  test('the page of the proofs says how many were never run', () => {
    const never = read('results.md')
      .split('\n')
      .filter((row) => row.includes('| never run |')).length
    const words = ['none', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine']
    const said = [...read('README.md').matchAll(/(?:There are|;) (\w+)(?:, all| long ones)/g)].map(
      ([, word]) => word,
    )
    assert.deepEqual(said, [words[never], words[never]])
  })
})

describe('reading what TLC says', () => {
  test('a model that holds, a violation with its shortest trace, and a run that did not end are told apart', () => {
    const counts = '4,812 states generated, 1,657 distinct states found, 0 states left on queue.'
    const done = `Model checking completed. No error has been found.\n${counts}\nThe depth of the complete state graph search is 24.\n`
    assert.deepEqual(readOutput(done), { verdict: 'holds', states: 1657, depth: 23 })
    const trace =
      'Error: Invariant Once is violated.\nState 1: <Initial predicate>\nState 2: <A>\nState 3: <B>\n'
    assert.deepEqual(readOutput(`${trace}${counts}`), { verdict: 'violated', states: 1657, depth: 2 })
    assert.equal(readOutput('Starting...').verdict, 'failed')
  })

  test('what was never run is in no sum', () => {
    const [configuration] = PROOF_CONFIGURATIONS
    assert.ok(configuration)
    const ran = { configuration, verdict: 'holds', states: 7, depth: 1, seconds: 2 } as const
    const never = { configuration, verdict: 'never run', states: 0, depth: 0, seconds: 0 } as const
    assert.match(
      resultsDocument([ran, never]),
      /^1 configurations were run: 7 distinct states, 2 seconds of a core\. 1 were never run\.$/m,
    )
  })

  test('a verdict that was not expected stands out in the document', () => {
    const [configuration] = PROOF_CONFIGURATIONS
    assert.ok(configuration)
    const document = resultsDocument([
      { configuration, verdict: 'failed', states: 1, depth: 1, seconds: 1.26 },
    ])
    assert.match(document, /failed \(\*\*expected: holds\*\*\) \| 1 \| 1 \| 1\.3 \|/)
  })
})
