// Runs beside others: nothing in it looks at a clock.

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { HttpApi } from '../fixtures/http-api.ts'
import { leftOut } from '../fixtures/left-out.ts'
import { temporaryFolder } from '../fixtures/temporary-folder.ts'

const ROOT = join(import.meta.dirname, '../..')
const GITLEAKS = process.env['IDGEN_TEST_GITLEAKS'] ?? join(ROOT, '.cache/servers/gitleaks')
const skip = existsSync(GITLEAKS)
  ? false
  : leftOut(
      'gitleaks is missing: scripts/install-servers.sh scanners builds it, or IDGEN_TEST_GITLEAKS names one',
    )
const run = promisify(execFile)
/** Six seconds of a processor for this repository; on a machine that is busy, minutes. */
const LIMIT_MS = 170_000
/** What is not ours, or is made. */
const NOT_OURS = new Set(['.git', '.cache', 'node_modules', 'coverage', 'dist'])

interface Finding {
  readonly RuleID: string
  readonly File: string
  readonly Secret: string
}

/** As people make one. */
async function newKey(api: HttpApi): Promise<string> {
  const { text } = await api.expect(201, 'POST', '/v1/keys', { body: { name: 'a key', scopes: ['issue'] } })
  return (JSON.parse(text) as { key: string }).key
}

/** What gitleaks finds below `folder` by the rules of a file of ours. */
async function findings(folder: string, config: string): Promise<readonly Finding[]> {
  const report = join(temporaryFolder('idgen-gitleaks-'), 'report.json')
  const options = ['--config', config, '--report-format', 'json', '--report-path', report]
  // What a file extends is found from where gitleaks runs.
  await run(GITLEAKS, ['dir', ...options, '--no-banner', '--exit-code', '0', folder], {
    cwd: ROOT,
    timeout: LIMIT_MS,
  })
  return JSON.parse(await readFile(report, 'utf8')) as Finding[]
}

test('gitleaks finds each key that idgen makes, by the rule that we give out, and no example', {
  skip,
}, async (t) => {
  const api = await HttpApi.start(t)
  const keys: string[] = []
  for (let made = 0; made < 40; made += 1) keys.push(await newKey(api))
  const folder = join(temporaryFolder('idgen-planted-'), 'project')
  await mkdir(folder)
  const places: readonly ((key: string) => readonly [string, string])[] = [
    (key) => ['.env', `IDGEN_KEY=${key}\n`],
    (key) => ['values.yaml', `idgen: { key: ${key}, other: 1 }\n`],
    (key) => ['client.ts', `new Redis({ password: '${key}' })\n`],
    (key) => ['call.sh', `curl -H "Authorization: Bearer ${key}" https://ids.example\n`],
    (key) => ['service.log', `{"headers":{"x-api-key":"${key}"}}\n`],
    (key) => ['token.txt', key],
  ]
  for (const [at, key] of keys.entries()) {
    const [name, text] = places[at % places.length]?.(key) ?? ['', '']
    await writeFile(join(folder, `${at}-${name}`), text)
  }
  const examples = [
    'idg_…',
    'idg_lhwgw58k8yoq_HIvf…',
    `idg_${'a'.repeat(12)}_${'A'.repeat(43)}`,
    keys[0]?.slice(0, 40),
  ]
  await writeFile(join(folder, 'examples.md'), `${examples.join('\n')}\n`)
  const found = (await findings(folder, join(ROOT, 'docs/gitleaks.toml'))).filter(
    ({ RuleID }) => RuleID === 'idgen-api-key',
  )
  assert.deepEqual(found.map(({ Secret }) => Secret).toSorted(), keys.toSorted())
})

test('gitleaks finds no key in this repository but one that is put there', { skip }, async (t) => {
  const copy = join(temporaryFolder('idgen-scanned-'), 'repository')
  await cp(ROOT, copy, { recursive: true, filter: (source) => !NOT_OURS.has(basename(source)) })
  const planted = await newKey(await HttpApi.start(t))
  await writeFile(join(copy, 'test/planted.test.ts'), `const KEY = '${planted}'\n`)
  const found = await findings(copy, join(ROOT, '.gitleaks.toml'))
  assert.deepEqual(
    found.map(({ RuleID, File, Secret }) => `${RuleID}: ${Secret} in ${File.slice(copy.length + 1)}`),
    [`idgen-api-key: ${planted} in test/planted.test.ts`],
  )
})
