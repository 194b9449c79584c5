import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { sbomText } from './sbom.ts'

interface Component {
  readonly name: string
  readonly version: string
  readonly hashes?: readonly unknown[]
  readonly licenses?: readonly unknown[]
}

/** Says "BSD-0-Clause", which is no SPDX identifier (0BSD is), so npm leaves it out. */
const WITHOUT_LICENCE = new Set(['htmx.org'])

test('the SBOM has every package that production asks for, in the pinned version, with its hash and licence', () => {
  const sbom = JSON.parse(sbomText()) as {
    bomFormat: string
    metadata: { component: Component }
    components: readonly Component[]
  }
  const manifest = JSON.parse(readFileSync(join(import.meta.dirname, '../package.json'), 'utf8')) as {
    dependencies: Record<string, string>
    devDependencies: Record<string, string>
  }
  assert.equal(sbom.bomFormat, 'CycloneDX')
  assert.equal(sbom.metadata.component.name, 'idgen')
  for (const [name, version] of Object.entries(manifest.dependencies)) {
    const found = sbom.components.find((one) => one.name === name && one.version === version)
    assert.ok(found, `${name} ${version}`)
    assert.ok((found.hashes?.length ?? 0) > 0, `${name} has no hash`)
    if (!WITHOUT_LICENCE.has(name)) assert.ok((found.licenses?.length ?? 0) > 0, `${name} has no licence`)
  }
  const names = new Set(sbom.components.map(({ name }) => name))
  assert.ok(!names.has('typescript') && !names.has('@biomejs/biome'), 'tools are not part of it')
})
