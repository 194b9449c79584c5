// Runs beside others: nothing in it is held to a time but the whole, and that to four minutes.

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { installed, pythonWith } from '../fixtures/foreign-tools.ts'
import { RespService } from '../fixtures/resp-service.ts'
import { temporaryFolder } from '../fixtures/temporary-folder.ts'
import { FUZZ_MS, IS_LONG, SEED } from './fuzz-form.ts'

const VERSION = '4.32.5'
const run = promisify(execFile)
/** Few examples of each operation; or as many as there is time for. */
const AMOUNT = IS_LONG ? ['--max-time', String(FUZZ_MS / 1000)] : ['--max-examples', '2']
/** Beyond the time that it is given: it ends what it began, and tells what it found. */
const LIMIT_MS = IS_LONG ? FUZZ_MS + 300_000 : 240_000

test('schemathesis finds nothing where the OpenAPI document and the service differ', {
  timeout: LIMIT_MS + 60_000,
}, async (t) => {
  const python = await installed(t, 'schemathesis', () => pythonWith('schemathesis', VERSION))
  if (python === undefined) return
  const { world, service } = await RespService.start(t, {
    // That a busy machine is slow with its database is no finding.
    IDGEN_SEGMENT_REFILL_DEADLINE: '10s',
    IDGEN_SERVER_GENERATE_DEADLINE: '10s',
  })
  const folder = temporaryFolder('idgen-schemathesis-')
  const { failed, output } = await run(
    join(python, '../schemathesis'),
    [
      '--config-file',
      join(import.meta.dirname, 'schemathesis.toml'),
      'run',
      `${service.httpOrigin}/openapi.json`,
      '--header',
      `Authorization: Bearer ${world.key}`,
      '--seed',
      String(SEED),
      '--continue-on-failure',
      '--generation-database',
      'none',
      ...AMOUNT,
    ],
    {
      cwd: folder,
      env: {
        ...process.env,
        SCHEMATHESIS_HOOKS: 'schemathesis_hooks',
        PYTHONPATH: import.meta.dirname,
        PYTHONDONTWRITEBYTECODE: '1',
      },
      timeout: LIMIT_MS,
      maxBuffer: OUTPUT_MAX,
    },
  ).then(
    ({ stdout }) => ({ failed: false, output: stdout }),
    (error: unknown) => ({ failed: true, output: (error as { stdout?: string }).stdout || String(error) }),
  )
  t.diagnostic(/\d+ generated.*/.exec(output)?.[0] ?? '')
  assert.ok(!failed, `seed ${SEED} (FUZZ_SEED=${SEED} replays it):\n${output.slice(-TOLD_MAX)}`)
  assert.match(output, /Tested: 3\d/)
  assert.deepEqual(
    service.log.filter(({ level }) => level === 'error'),
    [],
  )
})

const OUTPUT_MAX = 64 * 1024 * 1024
/** Each finding takes a few hundred characters; the count of them stands at the end. */
const TOLD_MAX = 20_000
