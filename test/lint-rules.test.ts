import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, test } from 'node:test'
import { LAYERS } from './fixtures/layers.ts'
import { temporaryFolder } from './fixtures/temporary-folder.ts'

/**
 * A rule that does not fire looks like a clean codebase. So faulty files are planted in a copy of the folders, linted
 * with the real configuration, and each fault must be found; so must the absence of faults in clean files.
 */
const ROOT = join(import.meta.dirname, '..')

interface Plant {
  readonly file: string
  readonly code: string
  /** The rule that must fire; none: the file is clean. */
  readonly rule?: string
}

function imports(file: string, module: string, rule?: string): Plant {
  const plant = { file, code: `import { x } from '${module}'\nexport const y: unknown = x\n` }
  return rule === undefined ? plant : { ...plant, rule }
}

const LAYER = 'eslint(no-restricted-imports)'
const GLOBAL = 'eslint(no-restricted-globals)'

const layerPlants = Object.entries(LAYERS).flatMap(([folder, { refused, allowed }]) => [
  ...refused.map((module, i) => imports(`${folder}/refused-${i}.ts`, module, LAYER)),
  ...allowed.map((module, i) => imports(`${folder}/allowed-${i}.ts`, module)),
])

/** A test may use what is for tests, and still nothing of the other half. */
const testPlants = [
  imports('operator/runtime/allowed.test.ts', './manual-clock.ts'),
  imports('operator/runtime/refused.test.ts', '../../service/core/errors.ts', LAYER),
  imports('sdk/stock/allowed.test.ts', '../test-doubles/virtual-clock.ts'),
  imports('sdk/stock/refused.test.ts', '../../service/core/errors.ts', LAYER),
]

/** The one file that imports the commands. */
const mainPlant = imports('service/main.ts', './cli/serve.ts')

const purityPlants: Plant[] = [
  ...[
    'Date.now()',
    'performance.now()',
    'setTimeout(String, 1)',
    'setInterval(String, 1)',
    'queueMicrotask(String)',
    'crypto.randomUUID()',
    'process.env',
    "Buffer.from('')",
    'globalThis.name',
  ].map((code, i) => ({
    file: `service/core/global-${i}.ts`,
    code: `export const x: unknown = ${code}\n`,
    rule: GLOBAL,
  })),
  { file: 'sdk/core/time.ts', code: 'export const x = Date.now()\n', rule: GLOBAL },
  {
    file: 'service/core/random.ts',
    code: 'export const x = Math.random()\n',
    rule: 'eslint(no-restricted-properties)',
  },
  ...['api', 'core', 'render'].map((layer) => ({
    file: `operator/${layer}/time.ts`,
    code: 'export const x = Date.now()\n',
    rule: GLOBAL,
  })),
  {
    file: 'operator/core/random.ts',
    code: 'export const x = Math.random()\n',
    rule: 'eslint(no-restricted-properties)',
  },
  {
    file: 'operator/certificates/time.ts',
    code: 'export const x = Date.now()\n',
    rule: 'eslint(no-restricted-properties)',
  },
  { file: 'operator/reconcile/time.ts', code: 'export const x = Math.max(Date.now(), 1)\n' },
  { file: 'service/app/time.ts', code: 'export const x = Math.max(Date.now(), 1)\n' },
]

const stylePlants: Plant[] = [
  { file: 'service/app/default.ts', code: 'export default 1\n', rule: 'import(no-default-export)' },
  {
    file: 'service/app/any.ts',
    code: 'export const x = (y: any): unknown => y\n',
    rule: 'typescript(no-explicit-any)',
  },
  { file: 'service/app/long.ts', code: '// x\n'.repeat(401), rule: 'eslint(max-lines)' },
  {
    file: 'service/app/long-function.ts',
    code: `export function f(): void {\n${'  f()\n'.repeat(70)}}\n`,
    rule: 'eslint(max-lines-per-function)',
  },
  {
    file: 'service/app/floating.ts',
    code: 'export function f(): void {\n  Promise.resolve(1)\n}\n',
    rule: 'typescript(no-floating-promises)',
  },
  {
    file: 'service/app/misused.ts',
    code: 'export function f(g: () => Promise<boolean>): number {\n  return g() ? 1 : 2\n}\n',
    rule: 'typescript(no-misused-promises)',
  },
  {
    file: 'service/app/unsafe.ts',
    code: "export const x: number = JSON.parse('1')\n",
    rule: 'typescript(no-unsafe-assignment)',
  },
  {
    file: 'service/app/missing-case.ts',
    code: "export function f(x: 'a' | 'b'): void {\n  switch (x) {\n    case 'a':\n      break\n  }\n}\n",
    rule: 'typescript(switch-exhaustiveness-check)',
  },
  {
    file: 'service/app/cycle-a.ts',
    code: "import { b } from './cycle-b.ts'\nexport const a = (): unknown => b\n",
    rule: 'import(no-cycle)',
  },
  {
    file: 'service/app/cycle-b.ts',
    code: "import { a } from './cycle-a.ts'\nexport const b = (): unknown => a\n",
    rule: 'import(no-cycle)',
  },
  {
    file: 'service/app/console.ts',
    code: "console.log('x')\nexport const x = 1\n",
    rule: 'eslint(no-console)',
  },
]

const folder = temporaryFolder('idgen-lint-')

/** Rules that fired, by file. */
const fired = lint([...layerPlants, ...testPlants, mainPlant, ...purityPlants, ...stylePlants])

function lint(plants: readonly Plant[]): ReadonlyMap<string, readonly string[]> {
  for (const name of ['.oxlintrc.json', 'tsconfig.json']) copyFileSync(join(ROOT, name), join(folder, name))
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
  for (const { file, code } of plants) {
    mkdirSync(dirname(join(folder, file)), { recursive: true })
    writeFileSync(join(folder, file), code)
  }
  const args = ['--type-aware', '--format=json', '--disable-nested-config']
  const { stdout } = spawnSync(join(ROOT, 'node_modules/.bin/oxlint'), args, {
    cwd: folder,
    encoding: 'utf8',
  })
  const { diagnostics } = JSON.parse(stdout) as { diagnostics: { filename: string; code: string }[] }
  const byFile = new Map<string, string[]>()
  for (const { filename, code } of diagnostics) byFile.set(filename, [...(byFile.get(filename) ?? []), code])
  return byFile
}

function expectations(plants: readonly Plant[]): void {
  for (const { file, code, rule } of plants) {
    const what = code.split('\n')[0]?.slice(0, 70)
    if (rule === undefined)
      test(`${file} is clean: ${what}`, () =>
        // The planted modules do not exist, which makes everything about their types unsafe; that is not the point here.
        assert.deepEqual(
          (fired.get(file) ?? []).filter((found) => !found.startsWith('typescript(no-unsafe')),
          [],
        ))
    else
      test(`${rule} finds ${file}: ${what}`, () =>
        assert.ok(fired.get(file)?.includes(rule), String(fired.get(file))))
  }
}

describe('layers', () => expectations([...layerPlants, ...testPlants, mainPlant]))
describe('purity of core', () => expectations(purityPlants))
describe('style', () => expectations(stylePlants))
