import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, describe, test } from 'node:test'

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

/** What each folder may not import, and beside it what it may. */
const LAYERS: Readonly<Record<string, { refused: readonly string[]; allowed: readonly string[] }>> = {
  'service/core': {
    refused: [
      'node:fs',
      'node:crypto',
      'pg',
      'fastify',
      '../ports/clock.ts',
      '../app/use-cases.ts',
      '../config/keys.ts',
      '../adapters/system/system-clock.ts',
    ],
    allowed: ['./errors.ts', 'uuid'],
  },
  'service/ports': {
    refused: [
      'node:events',
      'pg',
      '../app/use-cases.ts',
      '../adapters/system/system-clock.ts',
      '../http/server.ts',
    ],
    allowed: ['./clock.ts', '../core/errors.ts'],
  },
  'service/app': {
    refused: [
      'node:fs',
      'pg',
      '../adapters/postgres/database.ts',
      '../http/server.ts',
      '../grpc/server.ts',
      '../config/keys.ts',
      '../open-store.ts',
      '../cli/serve.ts',
    ],
    allowed: ['./use-cases.ts', '../core/errors.ts', '../ports/clock.ts', 'node:crypto'],
  },
  'service/config': {
    refused: ['../app/use-cases.ts', '../adapters/system/system-clock.ts', '../http/server.ts', '../main.ts'],
    allowed: ['./keys.ts', '../core/errors.ts', 'node:fs', 'yaml'],
  },
  'service/adapters/postgres': {
    refused: [
      '../../app/use-cases.ts',
      '../system/system-clock.ts',
      '../memory/memory-store.ts',
      '../../http/server.ts',
      '../../config/keys.ts',
      '../../main.ts',
      '../../../migrations/0001_catalog.ts',
      '../../../operator/main.ts',
    ],
    allowed: [
      './database.ts',
      '../../core/errors.ts',
      '../../ports/clock.ts',
      'node:net',
      'pg',
      'kysely/migration',
    ],
  },
  'service/adapters/memory': {
    refused: ['../postgres/database.ts', '../../app/use-cases.ts'],
    allowed: ['../../core/errors.ts', '../../ports/clock.ts'],
  },
  'service/http': {
    refused: [
      '../adapters/postgres/database.ts',
      '../grpc/server.ts',
      '../config/keys.ts',
      '../open-store.ts',
      '../main.ts',
      '../cli/serve.ts',
    ],
    allowed: [
      './server.ts',
      '../core/errors.ts',
      '../ports/log.ts',
      '../app/use-cases.ts',
      'fastify',
      '@fastify/swagger',
      'node:http',
    ],
  },
  'service/grpc': {
    refused: [
      '../adapters/postgres/database.ts',
      '../http/server.ts',
      '../config/keys.ts',
      '../running-service.ts',
    ],
    allowed: [
      './generated/idgen/v1/id_service.ts',
      '../core/errors.ts',
      '../app/use-cases.ts',
      '@grpc/grpc-js',
    ],
  },
  'service/cli': {
    refused: ['../main.ts', '../../operator/main.ts', '../adapters/memory/memory-store.ts'],
    allowed: [
      './serve.ts',
      '../running-service.ts',
      '../adapters/postgres/database.ts',
      '../config/load.ts',
      'commander',
    ],
  },
  service: {
    refused: ['./main.ts', './cli/serve.ts', '../operator/main.ts', './adapters/memory/memory-store.ts'],
    allowed: ['./open-store.ts', './adapters/postgres/database.ts', './http/server.ts', './config/keys.ts'],
  },
  'operator/runtime': {
    refused: [
      '../api/biz-tag.ts',
      '../core/plan.ts',
      '../reconcile/biz-tag.ts',
      '../settings.ts',
      '../../service/core/errors.ts',
      './manual-clock.ts',
      './scripted-kube.ts',
    ],
    allowed: ['./clock.ts', 'node:http', '@kubernetes/client-node'],
  },
  'operator/api': {
    refused: ['../core/plan.ts', '../runtime/clock.ts', 'node:fs', '@kubernetes/client-node'],
    allowed: ['./biz-tag.ts'],
  },
  'operator/core': {
    refused: [
      '../render/deployment.ts',
      '../runtime/clock.ts',
      '../reconcile/biz-tag.ts',
      'node:crypto',
      '@kubernetes/client-node',
    ],
    allowed: ['./plan.ts', '../api/biz-tag.ts'],
  },
  'operator/render': {
    refused: ['../runtime/apply.ts', '../reconcile/biz-tag.ts', 'node:fs', '../../service/core/errors.ts'],
    allowed: ['./labels.ts', '../api/biz-tag.ts', '../core/plan.ts', 'node:crypto'],
  },
  'operator/plugin': {
    refused: [
      './main.ts',
      './example-views.ts',
      './fake-world.ts',
      '../reconcile/biz-tag.ts',
      '../render/labels.ts',
      '../main.ts',
      '../runtime/scripted-kube.ts',
      '../../service/core/errors.ts',
    ],
    allowed: ['./table.ts', '../api/kinds.ts', '../core/timestamp.ts', '../runtime/clock.ts', 'commander'],
  },
  'operator/certificates': {
    refused: ['../core/plan.ts', '../runtime/clock.ts', '../../service/core/errors.ts'],
    allowed: ['./der.ts', 'node:crypto'],
  },
  'operator/reconcile': {
    refused: ['../main.ts', '../settings.ts', '../runtime/scripted-kube.ts', '../../service/core/errors.ts'],
    allowed: [
      './outcome.ts',
      '../api/biz-tag.ts',
      '../core/plan.ts',
      '../render/labels.ts',
      '../certificates/own-certificate.ts',
      '../runtime/apply.ts',
    ],
  },
  operator: {
    refused: ['./main.ts', '../service/version.ts', './runtime/manual-clock.ts'],
    allowed: ['./settings.ts', './runtime/clock.ts', './reconcile/biz-tag.ts', 'pino'],
  },
  sdk: {
    refused: ['../service/version.ts', '../operator/main.ts', './test-doubles/virtual-clock.ts'],
    allowed: ['./core/run-queue.ts', './transports/http-transport.ts'],
  },
  'sdk/core': {
    refused: ['../ports/clock.ts', '../stock/waiters.ts', 'node:crypto', '../../service/core/errors.ts'],
    allowed: ['./run-queue.ts'],
  },
  'sdk/ports': {
    refused: ['../stock/waiters.ts', '../transports/http-transport.ts', 'node:http'],
    allowed: ['../core/run-queue.ts'],
  },
  'sdk/stock': {
    refused: [
      '../transports/http-transport.ts',
      '../node-clock.ts',
      'node:http',
      '../../service/core/errors.ts',
    ],
    allowed: ['./waiters.ts', '../core/run-queue.ts', '../ports/clock.ts', '../endpoints/endpoint-caller.ts'],
  },
  'sdk/transports': {
    refused: ['../stock/waiters.ts', '../idgen-client.ts', '../../service/core/errors.ts'],
    allowed: [
      './retry-after.ts',
      '../core/run-queue.ts',
      '../ports/transport.ts',
      'node:http',
      '@grpc/grpc-js',
    ],
  },
  'test/cluster': {
    refused: ['../../operator/main.ts', '../../service/main.ts'],
    allowed: ['../../operator/runtime/manual-clock.ts', '../integration/etcd-server.ts'],
  },
  migrations: {
    refused: ['../service/adapters/postgres/tables.ts', './0001_catalog.ts'],
    allowed: ['kysely', 'kysely/migration'],
  },
  test: {
    refused: ['../service/main.ts', '../operator/main.ts', '../service/cli/serve.ts'],
    allowed: ['../service/core/errors.ts', './fixtures/settle.ts'],
  },
}

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

const folder = mkdtempSync(join(tmpdir(), 'idgen-lint-'))
after(() => rmSync(folder, { recursive: true }))

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
