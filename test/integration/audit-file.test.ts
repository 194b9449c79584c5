// Runs beside others: nothing looks at a clock.

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { MemoryRandom } from '../../service/adapters/memory/memory-random.ts'
import { AuditChain } from '../../service/app/audit-chain.ts'
import { auditLine } from '../../service/core/audit-line.ts'
import { startService } from '../fixtures/service-process.ts'
import { temporaryFolder } from '../fixtures/temporary-folder.ts'
import { until } from '../fixtures/until.ts'
import { testDatabase } from './postgres-server.ts'

const LAUNCHER = fileURLToPath(new URL('../../bin/idgen', import.meta.url))
const ADMIN = 'audit-file-admin-key'
const KEY = 'a key that only the service has..'

/** `idgen audit verify --file`, with nothing but the key: no database is told to it. */
function verify(args: readonly string[], key = KEY) {
  const env = { ...process.env, IDGEN_AUDIT_KEY: key, IDGEN_DATABASE_URL: 'postgres://127.0.0.1:1/none' }
  return new Promise<{ readonly code: number; readonly out: string; readonly err: string }>((resolve) => {
    execFile(LAUNCHER, ['audit', 'verify', '--file', ...args], { env, timeout: 300_000 }, (error, out, err) =>
      resolve({ code: typeof error?.code === 'number' ? error.code : error === null ? 0 : -1, out, err }),
    )
  })
}

/** What two starts of a real service wrote, the file moved away while the first one ran. */
async function written(t: TestContext) {
  const folder = temporaryFolder('idgen-audit-file-')
  const file = join(folder, 'audit.ndjson')
  const moved = join(folder, 'audit.1.ndjson')
  const database = await testDatabase()
  t.after(() => database.drop())
  const linesOf = (path: string): string[] => readFileSync(path, 'utf8').split('\n').slice(0, -1)
  const log: object[] = []
  for (const start of [1, 2]) {
    const service = await startService({
      IDGEN_DATABASE_URL: database.url,
      IDGEN_AUTH_ADMIN_KEY: ADMIN,
      IDGEN_AUDIT_KEY: KEY,
      IDGEN_AUDIT_FILE: file,
      IDGEN_AUDIT_FLUSH_EVERY: '10ms',
    })
    try {
      for (let at = 0; at < 5; at += 1) {
        const response = await fetch(`${service.httpOrigin}/v1/workspaces`, {
          method: 'POST',
          headers: { authorization: `Bearer ${ADMIN}`, 'content-type': 'application/json' },
          // A line for whoever takes U+2028 for the end of one.
          body: JSON.stringify({ name: `w${start}${at}`, displayName: 'ä\u2028b' }),
        })
        assert.equal(response.status, 201)
        if (start > 1 || at !== 2) continue
        await until('the file has it', () => existsSync(file) && readFileSync(file, 'utf8').includes('"w12"'))
        renameSync(file, moved)
      }
    } finally {
      await service.stop('SIGTERM')
    }
    log.push(...service.log)
  }
  const heads = join(folder, 'idgen.log')
  writeFileSync(heads, log.map((line) => `${JSON.stringify(line)}\n`).join(''))
  return { folder, file, moved, heads, lines: [...linesOf(moved), ...linesOf(file)] }
}

test('what a service wrote into audit.file is whole, and each kind of tampering is named', async (t) => {
  const { folder, file, moved, heads, lines } = await written(t)
  const whole = await verify([moved, file, '--heads', heads])
  assert.match(whole.out, /^The audit file is whole: \d+ records in 2 chains checked\.\n$/)
  assert.deepEqual([whole.code, whole.err], [0, ''])
  const ofAll = join(folder, 'all.log')
  const other = { msg: 'audit chain closed', chain: 'elsewhere/1:0123456789abcdef', seq: 3, hash: 'ff' }
  writeFileSync(ofAll, `${readFileSync(heads, 'utf8')}${JSON.stringify(other)}\n`)
  const mine = await verify([moved, file, '--heads', ofAll])
  assert.equal(mine.code, 0, mine.out)
  assert.match(
    mine.out,
    /^note: not checked are chains of the log whose nodes wrote nothing here: 1 \(elsewhere\); give the files of all processes/,
  )
  const packed = join(folder, 'audit.1.ndjson.gz')
  writeFileSync(packed, gzipSync(readFileSync(moved)))
  assert.equal((await verify([packed, file])).out, whole.out)
  const late = await verify([file])
  assert.equal(late.code, 0)
  assert.match(late.out, /^note: chain .+ begins with record \d+: what came before is in an earlier file/)
  const keyless = await verify([moved, file], '')
  assert.equal(keyless.code, 2)
  assert.match(keyless.out, /^note: no audit\.key is configured here/m)

  const [, second = '', third = '', fourth = ''] = lines
  const tampered: readonly (readonly [RegExp, readonly string[]])[] = [
    [/^CUT: tampered\.ndjson:3: .*\nMISSING: .*record 3/, lines.with(2, third.slice(0, -20))],
    [
      /^CHANGED: tampered\.ndjson:3, chain .+, record 3: /,
      lines.with(2, third.replace('"result":"ok"', '"result":"no"')),
    ],
    [/^MISSING: tampered\.ndjson:2, chain .+, record 3: /, lines.toSpliced(2, 1)],
    [/^OUT OF ORDER: tampered\.ndjson:4, chain .+, record 3: /, lines.with(2, fourth).with(3, third)],
    [/^RESTARTED: tampered\.ndjson:4, chain .+, record 1: /, [...lines.slice(0, 3), ...lines]],
    [/^FORGED: tampered\.ndjson:3, chain .+, record 2: there are two/, lines.toSpliced(2, 0, second)],
  ]
  for (const [told, text] of tampered) {
    const path = join(folder, 'tampered.ndjson')
    writeFileSync(path, text.map((line) => `${line}\n`).join(''))
    const { code, out } = await verify([path])
    assert.equal(code, 2, out)
    assert.match(out, told)
    assert.match(out, /\nThe audit file is BROKEN: /)
  }
  const short = join(folder, 'short.ndjson')
  writeFileSync(
    short,
    lines
      .slice(0, -1)
      .map((line) => `${line}\n`)
      .join(''),
  )
  assert.equal((await verify([short])).code, 0, 'an end that is gone is seen with the log only')
  assert.match((await verify([short, '--heads', heads])).out, /^MISSING: /)
  for (const path of [join(folder, 'none.ndjson'), `${packed}.gz`]) {
    if (path.endsWith('.gz')) writeFileSync(path, readFileSync(packed).subarray(0, -10))
    const { code, err } = await verify([path])
    assert.equal(code, 1)
    assert.match(err, /cannot be read/)
  }
})

test('a check that could not go on calls nothing whole: chains made up in front hide no tampering behind them', async () => {
  const folder = temporaryFolder('idgen-audit-file-')
  const random = new MemoryRandom()
  const lines = Array.from({ length: 100_001 }, () =>
    auditLine(
      new AuditChain('pod', random, undefined).append({
        at: new Date(),
        actor: 'system',
        action: 'audit.close',
        subject: '',
        workspace: undefined,
        result: 'ok',
        traceId: undefined,
        detail: {},
      }),
    ),
  )
  const path = join(folder, 'many.ndjson')
  writeFileSync(path, lines.join(''))
  const { code, out, err } = await verify([path], '')
  assert.deepEqual([code, out], [1, ''])
  assert.match(err, /many\.ndjson:100001 a chain begins, and there were 100000 before it: give fewer files/)
  const cut = join(folder, 'cut.ndjson')
  writeFileSync(cut, '{\n'.repeat(200))
  const broken = await verify([cut], '')
  assert.equal(broken.code, 2)
  assert.match(
    broken.out,
    /BROKEN: .* It stopped at cut\.ndjson:100 with the 100th fault: what follows was not looked at\.\n$/,
  )
})
