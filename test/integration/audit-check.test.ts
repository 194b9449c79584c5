import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, beforeEach, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { sql } from 'kysely'
import { PostgresDatabase } from '../../service/adapters/postgres/database.ts'
import { migrate } from '../../service/adapters/postgres/migrate.ts'
import { dropExpired, ensurePartitions } from '../../service/adapters/postgres/partitions.ts'
import { PostgresAuditReader } from '../../service/adapters/postgres/postgres-audit-reader.ts'
import { PostgresAuditSink } from '../../service/adapters/postgres/postgres-audit-sink.ts'
import { SystemRandom } from '../../service/adapters/system/system-random.ts'
import { AuditChain, cutSeal } from '../../service/app/audit-chain.ts'
import { type AuditCheckOptions, type AuditVerdict, checkAudit } from '../../service/app/audit-check.ts'
import type { AuditPlace } from '../../service/ports/audit-reader.ts'
import { RecordedLog } from '../fixtures/recorded-log.ts'
import { temporaryFolder } from '../fixtures/temporary-folder.ts'
import { type TestDatabase, testDatabase } from './postgres-server.ts'

const LAUNCHER = fileURLToPath(new URL('../../bin/idgen', import.meta.url))
const BEGIN = Date.UTC(2026, 10, 24, 12)
const RECORDS = 2500
const KEY = 'a key that only the service has..'

describe('a check of the audit log', () => {
  let test: TestDatabase
  let database: PostgresDatabase

  before(async () => {
    test = await testDatabase()
    database = new PostgresDatabase({ url: test.url, log: new RecordedLog(), poolMin: 0 })
    await migrate(database.kysely)
  })
  after(async () => {
    await database?.close()
    await test?.drop()
  })
  beforeEach(async () => {
    await run('TRUNCATE audit_log, audit_chains')
  })

  async function run(statement: string): Promise<void> {
    await sql.raw(statement).execute(database.kysely)
  }

  /** A chain of more than two pages, a record a second. */
  async function written(count = RECORDS, key: string | null = KEY): Promise<AuditChain> {
    const chain = new AuditChain('pod', new SystemRandom(), key ?? undefined)
    const records = Array.from({ length: count }, (_, i) =>
      chain.append({
        at: new Date(BEGIN + i * 1000),
        actor: 'k1',
        action: i === count - 1 ? 'audit.close' : 'tag.update',
        subject: `w/g/t${i}`,
        workspace: 'w',
        result: 'ok',
        traceId: undefined,
        detail: { before: { step: 1e-7, 'ä"\u0000': [null, 1e21] }, after: { z: 1, a: -0.5 } },
      }),
    )
    await new PostgresAuditSink(database).write(records)
    return chain
  }

  function check(more: Partial<AuditCheckOptions> = {}): Promise<AuditVerdict> {
    return checkAudit({
      reader: new PostgresAuditReader(database),
      nowMs: BEGIN + 10_000_000,
      key: KEY,
      from: undefined,
      to: undefined,
      known: new Map(),
      onProgress: () => {},
      ...more,
    })
  }

  async function found(more: Partial<AuditCheckOptions> = {}): Promise<string[]> {
    return (await check(more)).faults.map(({ kind, seq }) => `${kind} ${seq}`)
  }

  it('finds nothing in what was written, whole or in part', async () => {
    await written()
    await written(3)
    const verdict = await check()
    assert.deepEqual(verdict, { chains: 2, records: RECORDS + 3, faults: [], unclosed: [] })
    const part = await check({ from: new Date(BEGIN + 1_000_000), to: new Date(BEGIN + 1_500_000) })
    assert.deepEqual([part.records, part.faults], [500, []])
  })

  const TAMPERED: readonly (readonly [string, string, readonly string[]])[] = [
    ['a changed text', `UPDATE audit_log SET actor = 'k2' WHERE seq = 1001`, ['changed 1001']],
    ['a changed detail', `UPDATE audit_log SET detail = '{}' WHERE seq = 7`, ['changed 7']],
    ['a changed time', `UPDATE audit_log SET at = at + interval '1 s' WHERE seq = 7`, ['changed 7']],
    ['a missing record', `DELETE FROM audit_log WHERE seq = 1000`, ['missing 1000']],
    ['a missing front', `DELETE FROM audit_log WHERE seq < 5`, ['missing 1']],
    ['a missing tail', `DELETE FROM audit_log WHERE seq > 2000`, ['missing 2001']],
    ['a missing chain', `DELETE FROM audit_log`, ['missing 1']],
    ['a missing head', `DELETE FROM audit_chains`, ['forged 1']],
    [
      'two records that changed places',
      `UPDATE audit_log SET seq = CASE seq WHEN 8 THEN 9 ELSE 8 END WHERE seq IN (8, 9)`,
      ['out of order 8'],
    ],
    [
      'a second record of one number, at the end of a page',
      `INSERT INTO audit_log (at, actor, action, subject, result, detail, chain, seq, previous_hash, hash)
       SELECT at + interval '1 s', 'x', action, subject, result, detail, chain, seq, previous_hash, hash
         FROM audit_log WHERE seq = 1000`,
      ['forged 1000'],
    ],
    [
      'a record behind the end',
      `INSERT INTO audit_log (at, actor, action, subject, result, detail, chain, seq, previous_hash, hash)
       SELECT at, actor, action, subject, result, detail, chain, seq + 1, hash, 'ff' FROM audit_log WHERE seq = 2500`,
      ['changed 2501'],
    ],
    [
      'a second record of one number and of nearly the same moment',
      `INSERT INTO audit_log (at, actor, action, subject, result, detail, chain, seq, previous_hash, hash)
       SELECT at + interval '1 us', 'x', action, subject, result, detail, chain, seq, previous_hash, hash
         FROM audit_log WHERE seq = 7`,
      ['forged 7'],
    ],
    [
      'a tail that was replaced by a record without a hash, of before there were chains',
      `WITH tail AS (DELETE FROM audit_log WHERE seq > 2000 RETURNING chain)
       INSERT INTO audit_log (at, actor, action, subject, result, detail, chain, seq)
       SELECT '2020-01-01', 'x', 'x', 'x', 'ok', '{}', chain, 2400 FROM tail LIMIT 1`,
      ['changed 2001'],
    ],
    [
      'a record that lost its hash, at the end',
      `UPDATE audit_log SET hash = NULL, actor = 'x', at = '2020-01-01' WHERE seq = 2500`,
      ['changed 2500'],
    ],
    [
      'a record before the first one',
      `INSERT INTO audit_log (at, actor, action, subject, result, detail, chain, seq, previous_hash, hash)
       SELECT at, 'x', action, subject, result, detail, chain, -1, previous_hash, hash
         FROM audit_log WHERE seq = 7`,
      ['forged -1'],
    ],
    [
      'a chain that retention is said to have dropped whole',
      `WITH gone AS (DELETE FROM audit_log) UPDATE audit_chains SET cut_seq = seq, cut_hash = hash`,
      ['missing 2500'],
    ],
    [
      'a record of a chain without a name',
      `INSERT INTO audit_log (at, actor, action, subject, result, detail, chain, seq, previous_hash, hash)
       VALUES (now() + interval '30 days', 'x', 'tag.delete', 'w/g/t', 'ok', '{}', '', 1, 'ff', 'ff')`,
      ['without chain 0'],
    ],
    [
      'a record without a chain',
      `INSERT INTO audit_log (at, actor, action, subject, result, detail)
       VALUES (now() + interval '30 days', 'x', 'tag.delete', 'w/g/t', 'ok', '{}')`,
      ['without chain 0'],
    ],
  ]
  for (const [name, statement, expected] of TAMPERED)
    it(`finds ${name}`, async () => {
      await written()
      await run(statement)
      assert.deepEqual(await found(), expected)
    })

  it('finds in a part a record whose date was moved behind its end', async () => {
    await written(20)
    await run(`UPDATE audit_log SET at = at + interval '1 year' WHERE seq = 7`)
    assert.deepEqual(await found({ to: new Date(BEGIN + 15_000) }), ['changed 7'])
  })

  it('finds hashes that were made without the key', async () => {
    await written(5, null)
    assert.deepEqual(await found({ key: undefined }), [])
    assert.deepEqual(await found(), ['forged 1'])
  })

  it('finds by a line of the log what was taken out of both tables', async () => {
    const { head } = await written()
    const known = new Map([[head.chain, head]])
    assert.deepEqual(await found({ known }), [])
    assert.deepEqual(await found({ known: new Map([[head.chain, { ...head, hash: 'ff' }]]) }), [
      'forged 2500',
    ])
    await run(`DELETE FROM audit_log WHERE seq > 2000`)
    await run(
      `UPDATE audit_chains c SET (seq, hash) = (SELECT seq, hash FROM audit_log l WHERE l.seq = 2000)`,
    )
    assert.deepEqual(await found(), [])
    assert.deepEqual(await found({ known }), ['missing 2001'])
    await run('TRUNCATE audit_log, audit_chains')
    assert.deepEqual(await found({ known }), ['missing 2500'])
  })

  it('begins where retention has cut', async () => {
    const chain = await written(10)
    const next = chain.append({
      at: new Date(Date.UTC(2027, 0, 2)),
      actor: 'k1',
      action: 'audit.close',
      subject: '',
      workspace: undefined,
      result: 'ok',
      traceId: undefined,
      detail: {},
    })
    await ensurePartitions(database.kysely, new Date(BEGIN))
    await new PostgresAuditSink(database).write([next])
    const seal = (name: string, cut: AuditPlace) => cutSeal(name, cut, KEY)
    const dropped = await dropExpired(database.kysely, new Date(Date.UTC(2027, 1, 1)), 1, seal)
    assert.ok(dropped.includes('audit_log_202611'))
    const { records, faults } = await check()
    assert.deepEqual([records, faults], [1, []])
    await run('UPDATE audit_chains SET cut_seq = 9')
    assert.deepEqual(await found(), ['forged 9'])
  })

  it('finds a front that was taken out and said to have been dropped', async () => {
    const { head } = await written(10)
    await run(`UPDATE audit_chains SET (cut_seq, cut_hash) = (SELECT seq, hash FROM audit_log WHERE seq = 3)`)
    await run(`DELETE FROM audit_log WHERE seq <= 3`)
    assert.deepEqual(await found(), ['forged 3'])
    const from = new Date(BEGIN + 5000)
    assert.deepEqual(await found({ from }), [], 'a check of a part takes what lies before it as given')
    await run(`UPDATE audit_chains SET cut_seal = '${cutSeal(head.chain, { seq: 3, hash: '' }, KEY)}'`)
    assert.deepEqual(await found(), ['forged 3'], 'the seal of another place')
  })

  it('names the chain of a process that was killed', async () => {
    const { head } = await written(5)
    await run(`DELETE FROM audit_log WHERE seq = 5`)
    await run(`UPDATE audit_chains SET (seq, hash) = (SELECT seq, hash FROM audit_log WHERE seq = 4)`)
    const { faults, unclosed } = await check()
    assert.deepEqual(faults, [])
    assert.deepEqual(unclosed, [{ chain: head.chain, seq: 4, at: new Date(BEGIN + 3000) }])
    assert.deepEqual((await check({ nowMs: BEGIN + 4000 })).unclosed, [])
  })

  it('is a command that names what is broken and ends with 2, and one writes the log out', async () => {
    const folder = temporaryFolder('idgen-audit-')
    const { head } = await written()
    const heads = join(folder, 'log')
    await writeFile(heads, `not JSON\n${JSON.stringify({ msg: 'audit chain closed', ...head })}\n`)
    const whole = await idgen(['audit', 'verify', '--heads', heads])
    assert.deepEqual(
      [whole.code, whole.out],
      [0, 'The audit log is whole: 2500 records in 1 chains checked.\n'],
    )
    const lines = (await idgen(['audit', 'export', '--from', '2026-11-24T12:00:01Z'])).out.trim().split('\n')
    assert.equal(lines.length, RECORDS - 1)
    const [first] = lines.map((line) => JSON.parse(line) as Record<string, unknown>)
    assert.deepEqual([first?.['subject'], first?.['seq'], first?.['chain']], ['w/g/t1', 2, head.chain])
    // A tail is cut, and audit_chains changed to fit: as after a kill.
    await run(`DELETE FROM audit_log WHERE seq > 2490`)
    await run(`UPDATE audit_chains SET (seq, hash) = (SELECT seq, hash FROM audit_log WHERE seq = 2490)`)
    const cut = await idgen(['audit', 'verify'])
    assert.equal(cut.code, 3)
    assert.match(cut.out, /may have lost their ends: 2490 records in 1 chains checked\.\n$/)
    assert.equal((await idgen(['audit', 'verify', '--heads', heads])).code, 2)
    await run(`UPDATE audit_log SET result = 'ok?' WHERE seq = 3`)
    const broken = await idgen(['audit', 'verify'])
    assert.equal(broken.code, 2)
    assert.match(broken.out, /^CHANGED: chain pod:[0-9a-f]{16}, record 3 \(2026-11-24T12:00:02\.000Z\): /)
    const json = JSON.parse((await idgen(['audit', 'verify', '--json'])).out) as AuditVerdict
    assert.equal(json.faults[0]?.kind, 'changed')
    await writeFile(heads, 'nothing\n')
    const none = await idgen(['audit', 'verify', '--heads', heads])
    assert.equal(none.code, 1)
    assert.match(none.err, /names no head of an audit chain/)
  })

  function idgen(args: readonly string[]): Promise<{ code: number; out: string; err: string }> {
    const env = { ...process.env, IDGEN_DATABASE_URL: test.url, IDGEN_AUDIT_KEY: KEY }
    return new Promise((resolve) => {
      execFile(LAUNCHER, [...args], { env, timeout: 60_000, maxBuffer: 1 << 24 }, (error, out, err) => {
        resolve({ code: typeof error?.code === 'number' ? error.code : error === null ? 0 : 1, out, err })
      })
    })
  }
})
