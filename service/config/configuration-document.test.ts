import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { parse } from 'yaml'
import { SPECIAL_VARIABLES } from './environment-layer.ts'
import { environmentName } from './environment-name.ts'
import { ROWS } from './keys.ts'
import { readYamlLayer } from './yaml-layer.ts'

const document = readFileSync(new URL('../../docs/configuration.md', import.meta.url), 'utf8')
const lines = document.split('\n').filter((line) => line.startsWith('| `'))

test('docs/configuration.md lists every key with its variable, and no other', () => {
  const listed = lines.filter((line) => line.includes('<br>')).map((line) => line.split(' | ')[0])
  const expected = [...ROWS.keys()].map((path) => `| \`${path}\`<br>\`${environmentName(path)}\``)
  assert.deepEqual(listed, expected)
})

test('docs/configuration.md says of each key what the registry says', () => {
  for (const [path, row] of ROWS) {
    const line = lines.find((text) => text.startsWith(`| \`${path}\``)) ?? ''
    assert.ok(line.includes(row.doc), path)
    assert.ok(line.includes(`| ${row.reload}${row.local ? ', local' : ''} |`), path)
  }
})

test('docs/configuration.md lists the variables that are no keys', () => {
  const listed = lines.filter((line) => !line.includes('<br>')).map((line) => line.split('`')[1])
  assert.deepEqual(listed, [...SPECIAL_VARIABLES.keys()])
})

test('the example of docs/configuration.md is valid but for its secret file', () => {
  const example = /```yaml\n([^`]*)```/.exec(document)?.[1] ?? ''
  assert.equal(typeof parse(example), 'object')
  assert.deepEqual(
    readYamlLayer(example, 'f').faults.map(({ path }) => path),
    ['database.urlFile'],
  )
})
