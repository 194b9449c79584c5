import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'

const ROOT = join(import.meta.dirname, '..')
const SECRET = 'postgres://idgen:s3cr3t@db/idgen'
/** At its end the program prints the report that Node.js would write of it. */
const REPORTER = `data:text/javascript,process.on('exit', () => console.log(JSON.stringify(process.report.getReport())))`

for (const [program, key] of [
  ['service/main.ts', 'IDGEN_DATABASE_URL'],
  ['operator/main.ts', 'IDGEN_OPERATOR_X'],
] as const)
  test(`a diagnostic report of ${program} leaves the environment out, where secrets may stand`, () => {
    const { stdout, stderr, status } = spawnSync(
      process.execPath,
      ['--import', REPORTER, join(ROOT, program), '--help'],
      { encoding: 'utf8', env: { ...process.env, [key]: SECRET }, maxBuffer: 64 * 1024 * 1024 },
    )
    assert.equal(status, 0, stderr)
    assert.match(stdout, /"javascriptHeap"/)
    assert.ok(!stdout.includes('s3cr3t'))
  })
