import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { chartDocument } from './chart-document.ts'
import { chartSchema } from './chart-schema.ts'
import { chartValues, flatten } from './chart-values.ts'

const VALUES = `# About the file.

# @section First
# How many.
# @schema {minimum: 1}
count: 2
# Where it is.
place:
  # Its host | or hosts.
  host: ""
  # As Kubernetes has it.
  limits: { cpu: 1 }

# @section Second
group:
  # Whether.
  on: true
# Nothing by itself.
# @schema {type: [boolean, 'null']}
maybe: null
# Many.
list: []
`

describe('values.yaml', () => {
  test('a comment is the description of the key below it, and of nothing else', () => {
    const described = flatten(chartValues(VALUES)).map(({ path, description }) => [
      path.join('.'),
      description,
    ])
    assert.deepEqual(described, [
      ['count', 'How many.'],
      ['place', 'Where it is.'],
      ['place.host', 'Its host | or hosts.'],
      ['place.limits', 'As Kubernetes has it.'],
      ['group', ''],
      ['group.on', 'Whether.'],
      ['maybe', 'Nothing by itself.'],
      ['list', 'Many.'],
    ])
  })

  test('a section goes on until the next one', () => {
    const sections = flatten(chartValues(VALUES)).map(({ path, section }) => `${path.join('.')}: ${section}`)
    assert.deepEqual(sections.slice(3, 6), ['place.limits: First', 'group: Second', 'group.on: Second'])
  })

  test('a key without a description is named', () => {
    assert.throws(
      () => chartValues('a: { }\nb:\n  # C.\n  c: 1\n  d: 2\n'),
      /values\.yaml: a has no description/,
    )
    assert.throws(() => chartValues('b:\n  # C.\n  c: 1\n  d: 2\n'), /values\.yaml: b\.d has no description/)
  })

  test('a file that cannot be read is told', () => {
    assert.throws(() => chartValues('a: [\n'), /values\.yaml: /)
    assert.throws(() => chartValues('[]\n'), /must be a map/)
  })
})

describe('values.schema.json', () => {
  const schema = JSON.parse(chartSchema(VALUES)) as Record<string, unknown>

  test('keys that values.yaml does not have are refused, but in free-form maps', () => {
    assert.equal(schema['additionalProperties'], false)
    assert.deepEqual((schema['properties'] as Record<string, unknown>)['place'], {
      description: 'Where it is.',
      type: 'object',
      additionalProperties: false,
      properties: {
        host: { description: 'Its host | or hosts.', type: 'string' },
        limits: { description: 'As Kubernetes has it.', type: 'object' },
      },
    })
  })

  test('the type is the one of the default, narrowed or replaced by the comment', () => {
    const properties = schema['properties'] as Record<string, Record<string, unknown>>
    assert.deepEqual(properties['count'], { description: 'How many.', type: 'integer', minimum: 1 })
    assert.deepEqual(properties['maybe']?.['type'], ['boolean', 'null'])
    assert.equal(properties['list']?.['type'], 'array')
  })
})

describe("the chart's README", () => {
  const marks = [
    '<!-- Made by `make generate` from values.yaml. Do not edit. -->',
    '<!-- End of what is made from values.yaml. -->',
  ]

  test('tables of all values stand between the marks, and the rest stays', () => {
    const text = chartDocument(VALUES, `# Before\n\n${marks[0]}\nold\n${marks[1]}\nafter\n`)
    assert.match(
      text,
      /^# Before\n\n<!--[^\n]*\n\n### First\n\n\| Value \| Default \| What it is \|\n\|---\|---\|---\|\n/,
    )
    assert.match(text, /^\| `place\.host` \| `""` \| Its host \\\| or hosts\. \|$/m)
    assert.match(text, /^\| `place\.limits` \| `\{"cpu": 1\}` \|/m)
    assert.match(text, /\n### Second\n[^]*<!-- End [^\n]*\nafter\n$/)
    assert.doesNotMatch(text, /old|`group` |`place` /)
    assert.equal(chartDocument(VALUES, text), text)
  })

  test('a document without the marks is refused', () => {
    assert.throws(() => chartDocument(VALUES, '# Nothing\n'), /needs the lines/)
  })
})
