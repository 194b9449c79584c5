import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { test } from 'node:test'
import { Worker } from 'node:worker_threads'

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

test('so does the part of a thread of the load', async () => {
  const left = new Int32Array(new SharedArrayBuffer(4))
  const program = `const { workerData } = require('node:worker_threads')
    import(workerData.file).then(() => { workerData.left[0] = Number(process.report.excludeEnv) })`
  // Its plan is none: it says so to nobody, and ends.
  const workerData = { loadThread: {}, file: join(ROOT, 'service/load/load-thread.ts'), left }
  const worker = new Worker(program, { eval: true, workerData })
  const exit: unknown[] = await once(worker, 'exit')
  assert.deepEqual([exit, left[0]], [[0], 1])
})
