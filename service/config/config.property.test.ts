import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { stringify } from 'yaml'
import { IdgenError } from '../core/errors.ts'
import { environmentName } from './environment-name.ts'
import type { KeyRow } from './key-row.ts'
import { type Config, type ConfigValue, ROWS, valueAt } from './keys.ts'
import { loadConfigText } from './load.ts'
import { editDistance, nearestName } from './nearest-name.ts'

/** A valid value of a row, of the kind that YAML writes. */
function valueOf(row: KeyRow): fc.Arbitrary<ConfigValue> {
  if (row.kind === 'boolean') return fc.boolean()
  if (row.kind === 'enum') return fc.constantFrom(...row.values)
  if (row.kind === 'url') return fc.constantFrom('postgres://a@b/c', 'postgresql:///x?host=/run')
  if (!('min' in row)) {
    const minLength = ('minLength' in row ? row.minLength : undefined) ?? 1
    return fc.string({ unit: 'grapheme-ascii', minLength, maxLength: 40 })
  }
  const { min, max } = row
  return row.kind === 'number'
    ? // As many digits as print() writes: nobody configures smaller ones.
      fc.double({ min, max, noNaN: true }).map((value) => Number(value.toFixed(15)))
    : fc.maxSafeInteger().map((n) => min + (Math.abs(n) % (max - min + 1)))
}

const setting = fc.constantFrom(...ROWS).chain(([path, row]) => fc.tuple(fc.constant(path), valueOf(row)))

/** The configuration, or undefined where it is refused as it should be. */
function loaded(yaml: string, environment: Record<string, string>): Config | undefined {
  try {
    return loadConfigText(yaml, 'idgen.yaml', environment)
  } catch (error) {
    assert.ok(error instanceof IdgenError, `not an IdgenError: ${String(error)}`)
    assert.equal(error.code, 'IDGEN_CONFIG_INVALID')
    assert.ok(error.faults.length > 0)
    return undefined
  }
}

/** Other keys' defaults may forbid a value: database.pool.max 5 is below the default minimum. */
function isRefusedByRule(yaml: string): boolean {
  return loaded(yaml, {}) === undefined
}

test('a valid value reads the same from YAML and from the environment', () => {
  fc.assert(
    fc.property(setting, ([path, value]) => {
      const yaml = stringify({ [path]: value })
      fc.pre(!isRefusedByRule(yaml))
      const fromYaml = loaded(yaml, {})
      const fromEnvironment = loaded('', { [environmentName(path)]: asText(value) })
      assert.deepEqual(fromEnvironment, fromYaml)
      assert.equal(fromYaml && valueAt(fromYaml, path), value)
    }),
    { numRuns: 500 },
  )
})

/** As a person would write it: no exponent. */
function asText(value: ConfigValue): string {
  return typeof value === 'number' ? value.toFixed(20).replace(/\.?0+$/, '') : String(value)
}

test('no text makes the loader crash: it is accepted, or refused with faults', () => {
  const fragment = fc.constantFrom(
    ...ROWS.keys(),
    'server',
    ': ',
    '\n',
    '  ',
    '{',
    '}',
    '[',
    ']',
    '- ',
    '&a ',
    '*a',
    '!!map ',
    '? ',
    '"',
    "'",
    '#',
    '<<',
    '|',
    '>',
    '%YAML 1.1\n---\n',
    '__proto__',
    '0x10',
    '1e999',
  )
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.array(fc.oneof(fragment, fc.string()), { maxLength: 30 }).map((parts) => parts.join('')),
  )
  fc.assert(
    fc.property(text, (yaml) => void loaded(yaml, {})),
    { numRuns: 2000 },
  )
})

test('no value of a variable makes the loader crash', () => {
  const variable = fc.tuple(
    fc.constantFrom(...ROWS.keys()).map(environmentName),
    fc.string({ unit: 'binary' }),
  )
  fc.assert(
    fc.property(variable, ([name, text]) => void loaded('', { [name]: text })),
    { numRuns: 1000 },
  )
})

test('a letter too many, too few, wrong or swapped is found', () => {
  const names = [...ROWS.keys()].map(environmentName)
  fc.assert(
    fc.property(
      fc.constantFrom(...names),
      fc.nat(),
      fc.constantFrom('drop', 'add', 'swap'),
      (name, at, how) => {
        const i = 6 + (at % (name.length - 7))
        const [head, tail] = [name.slice(0, i), name.slice(i)]
        const wrong =
          how === 'drop'
            ? head + tail.slice(1)
            : how === 'add'
              ? `${head}X${tail}`
              : head + tail[1] + tail[0] + tail.slice(2)
        fc.pre(!names.includes(wrong))
        const nearest = nearestName(wrong, names) ?? ''
        assert.ok(editDistance(wrong, nearest) <= 1)
      },
    ),
  )
})

test('the edit distance is symmetric, 0 only for equal names, and at most the longer length', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 12 }), fc.string({ maxLength: 12 }), (a, b) => {
      const distance = editDistance(a, b)
      assert.equal(distance, editDistance(b, a))
      assert.equal(distance === 0, a === b)
      assert.ok(distance <= Math.max(a.length, b.length))
    }),
  )
})
