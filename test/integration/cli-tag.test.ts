import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import pg from 'pg'
import { temporaryFolder } from '../fixtures/temporary-folder.ts'
import { type EtcdCluster, testEtcd } from './etcd-server.ts'
import { type TestDatabase, testDatabase } from './postgres-server.ts'

const LAUNCHER = fileURLToPath(new URL('../../bin/idgen', import.meta.url))

interface Outcome {
  readonly code: number
  readonly out: string
  readonly err: string
}

/** Runs one command as a user would, with `input` on its standard input. */
function idgen(
  args: readonly string[],
  environment: Record<string, string>,
  input: string | Buffer = '',
): Promise<Outcome> {
  const env = { ...process.env, ...environment }
  return new Promise((resolve) => {
    const child = execFile(LAUNCHER, [...args], { env, timeout: 60_000 }, (error, out, err) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : error === null ? 0 : 1, out, err })
    })
    // A command that refuses its arguments has ended before it reads.
    child.stdin?.on('error', () => {})
    child.stdin?.end(input)
  })
}

const PARALLEL = 4

function linesOf(out: string): Record<string, unknown>[] {
  return out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>)
}

async function query(database: TestDatabase, text: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: database.url })
  await client.connect()
  try {
    return (await client.query(text)).rows as Record<string, unknown>[]
  } finally {
    await client.end()
  }
}

describe('idgen tag, with a database alone', () => {
  let database: TestDatabase
  let env: Record<string, string>
  let folder: string

  before(async () => {
    database = await testDatabase()
    env = { IDGEN_DATABASE_URL: database.url }
    folder = temporaryFolder('idgen-tag-')
    await idgen(['migrate'], env)
  })
  after(() => database?.drop())

  test('help says what to do first, with examples', async () => {
    const [imports, advances] = await Promise.all([
      idgen(['tag', 'import', '--help'], env),
      idgen(['tag', 'advance', '--help'], env),
    ])
    for (const pattern of [/Stop that system for\s+good first/, /SELECT biz_tag, max_id/, /--dry-run/])
      assert.match(imports.out, pattern)
    for (const pattern of [/Nothing is ever lowered/, /--all --by 1000000/])
      assert.match(advances.out, pattern)
  })

  test('one tag begins above its maximum, after a dry run that made nothing; a repetition changes nothing', async () => {
    const args = ['tag', 'import', 'shop/orders/invoice', '--max', '48211903']
    const planned = await idgen([...args, '--dry-run'], env)
    assert.match(planned.out, /^planned +shop\/orders\/invoice +begins at 49211904$/m)
    assert.deepEqual(await query(database, 'SELECT name FROM biz_tags'), [])
    assert.match((await idgen(args, env)).out, /^made +shop\/orders\/invoice +begins at 49211904$/m)
    const again = await idgen([...args, '--json'], env)
    assert.deepEqual(linesOf(again.out), [
      { path: 'shop/orders/invoice', startAt: 49_211_904, outcome: 'present' },
    ])
    const audited = await query(database, `SELECT actor, subject FROM audit_log WHERE action = 'tag.create'`)
    assert.deepEqual(audited, [{ actor: 'cli', subject: 'shop/orders/invoice' }])
  })

  test('a file of many, with heading, quotes, byte order mark and CRLF, from disk or standard input', async () => {
    const text = '\uFEFFbiz_tag,max_id\r\n"order",100\r\nrefund , 5\r\n\r\n'
    const file = join(folder, 'maxima.csv')
    await writeFile(file, text)
    const args = ['tag', 'import', '--into', 'leaf/main', '--margin', '10', '--json']
    const made = await idgen([...args, '--file', file], env)
    assert.equal(made.code, 0, made.err)
    assert.match(made.err, /first line is taken for a heading: biz_tag,max_id/)
    assert.deepEqual(
      linesOf(made.out).map(({ path, startAt }) => [path, startAt]),
      [
        ['leaf/main/order', 111],
        ['leaf/main/refund', 16],
      ],
    )
    const again = await idgen([...args, '--file', '-'], env, text)
    assert.deepEqual(
      linesOf(again.out).map(({ outcome }) => outcome),
      ['present', 'present'],
    )
  })

  test('a dump of the old system’s table, and what is beside it in the dump does not matter', async () => {
    const dump =
      "CREATE TABLE `x` (`id` int);\nINSERT INTO `leaf_alloc` VALUES ('pay',70,10,NULL,'2026-01-01'),('ship',7,5,'','2026-01-01');\n"
    const args = ['tag', 'import', '--into', 'leaf/dump', '--margin', '10', '--json']
    const made = await idgen([...args, '--from-mysql-dump', '-'], env, dump)
    assert.equal(made.code, 0, made.err)
    assert.deepEqual(
      linesOf(made.out).map(({ path, startAt }) => [path, startAt]),
      [
        ['leaf/dump/pay', 81],
        ['leaf/dump/ship', 18],
      ],
    )
    for (const [bytes, told] of [
      [gzipSync(dump), /compressed: .* gunzip -c/],
      [Buffer.from(`\ufeff${dump}`, 'utf16le'), /UTF-16.* --result-file=/],
    ] as const) {
      const unread = await idgen([...args, '--from-mysql-dump', '-'], env, bytes)
      assert.equal(unread.code, 1, unread.err)
      assert.match(unread.err, told)
    }
    const both = await idgen([...args, '--from-mysql-dump', '-', '--file', '-'], env, dump)
    assert.match(both.err, /many with --file or --from-mysql-dump/)
  })

  test('every fault is told with its place, and nothing is made', async () => {
    const file = join(folder, 'bad.csv')
    await writeFile(file, 'good,1\nBad Name,2\nword,many\ngood,3\nhuge,9007199254740992\n')
    const bad = await idgen(['tag', 'import', '--file', file, '--into', 'bad/ones'], env)
    assert.equal(bad.code, 1)
    assert.match(bad.err, /4 of 5 tags cannot be imported; none was made/)
    for (const pattern of [
      /\/rows\/1: .*Bad Name/,
      /\/rows\/2: .*many/,
      /\/rows\/3: .*twice/,
      /\/rows\/4: .*2\^53/,
    ])
      assert.match(bad.err, pattern)
    assert.deepEqual(await query(database, `SELECT name FROM workspaces WHERE name = 'bad'`), [])
    const numeric = ['tag', 'import', 'big/ids/flake', '--max', '9223372036854775807']
    assert.match((await idgen(numeric, env)).err, /snowflakes begin there/)
    assert.match((await idgen([...numeric, '--algorithm', 'uuid-v7'], env)).out, /^made/)
  })

  test('arguments that do not fit are refused with what is missing', async () => {
    const cases: readonly [readonly string[], RegExp][] = [
      [['import'], /Name one tag with --max, or give many with --file/],
      [['import', 'a/b/c'], /--max is missing/],
      [['import', 'a/b/c', '--max', '1', '--into', 'a/b'], /--into belongs to --file/],
      [['import', '--file', 'x.csv'], /--into is missing/],
      [['import', '--file', 'x.csv', '--into', 'a/b', '--max', '1'], /--max belongs to one tag/],
      [['import', '--file', join(folder, 'none.csv'), '--into', 'a/b'], /cannot be read: ENOENT/],
      [['import', 'a/b/c', '--max', '1', '--margin', '-1'], /from 0 to 2\^53 - 1/],
      [['advance'], /either --to or --by/],
      [['advance', 'a/b/c', '--all', '--to', '1'], /Name one tag, or give --all/],
      [['advance', 'a/b/none', '--to', '1'], /There is no tag a\/b\/none/],
    ]
    // A few at a time: each is a process of its own, and most of the time is spent starting it.
    for (let at = 0; at < cases.length; at += PARALLEL)
      await Promise.all(
        cases.slice(at, at + PARALLEL).map(async ([args, expected]) => {
          const { code, err } = await idgen(['tag', ...args], env)
          assert.equal(code, 1, args.join(' '))
          assert.match(err, expected)
        }),
      )
  })

  test('a file that is no list is refused before it fills the memory', async () => {
    const { code, err } = await idgen(
      ['tag', 'import', '--file', '-', '--into', 'a/b'],
      env,
      'x'.repeat(17 * 1024 * 1024),
    )
    assert.equal(code, 1)
    assert.match(err, /more than 16 MiB/)
  })

  test('advance raises all data centres of one tag or of all, and audits each', async () => {
    await idgen(['tag', 'import', 'adv/g/one', '--max', '0', '--margin', '0'], env)
    const one = await idgen(['tag', 'advance', 'adv/g/one', '--to', '5000', '--json'], env)
    assert.deepEqual(
      linesOf(one.out)
        .map(({ dc, nextValue }) => [dc, nextValue])
        .slice(0, 2),
      [
        [0, 5000],
        [1, 2 ** 32 + 1],
      ],
    )
    const lower = await idgen(['tag', 'advance', 'adv/g/one', '--to', '10', '--json'], env)
    assert.equal(linesOf(lower.out)[0]?.['nextValue'], 5001, 'never lowered, and nothing comes back below')
    const all = await idgen(['tag', 'advance', '--all', '--by', '7'], env)
    assert.match(all.out, /^adv\/g\/one +dc 0 grants from 5008$/m)
    assert.match(all.out, /^shop\/orders\/invoice +dc 0 grants from 49211911$/m)
    const audited = `SELECT count(*)::int AS n FROM audit_log WHERE action = 'tag.advance' AND subject = 'adv/g/one'`
    assert.deepEqual(await query(database, audited), [{ n: 24 }])
  })

  test('a database without the schema says what to run', async (t) => {
    const empty = await testDatabase()
    t.after(() => empty.drop())
    const { code, err } = await idgen(['tag', 'import', 'a/b/c', '--max', '1'], {
      IDGEN_DATABASE_URL: empty.url,
    })
    assert.equal(code, 1)
    assert.match(err, /run "?idgen migrate/)
  })

  test('release frees a tag of the object that declared it, and says whose it was', async () => {
    await idgen(['tag', 'import', 'shop/orders/freed', '--max', '5'], env)
    await query(
      database,
      `INSERT INTO tag_declarations (tag_id, cluster, namespace, name, uid, object_created_at, generation)
         SELECT id, 'c', 'ns', 'bt', 'u', now(), 1 FROM biz_tags WHERE name = 'freed'`,
    )
    const released = await idgen(['tag', 'release', 'shop/orders/freed'], env)
    assert.equal(
      released.out,
      'shop/orders/freed was declared by BizTag ns/bt (uid u, cluster c), and is free now\n',
    )
    assert.deepEqual(await query(database, 'SELECT * FROM tag_declarations'), [])
    await query(
      database,
      `INSERT INTO api_keys (id, name, hash, scopes, within, created_at, declared_by)
         VALUES ('abcdefabcdef', 'k', decode(repeat('00', 32), 'hex'), '{issue}', 'shop/orders/freed', now(), 'u')`,
    )
    const audited = await query(database, `SELECT actor, subject FROM audit_log WHERE action = 'tag.forget'`)
    assert.deepEqual(audited, [{ actor: 'cli', subject: 'shop/orders/freed' }])
    const again = await idgen(['tag', 'release', 'shop/orders/freed'], env)
    assert.match(again.out, /declared by nobody.*\n.*valid until.*\n {2}idgen key revoke abcdefabcdef\n$/)
    const none = await idgen(['tag', 'release', 'shop/orders/none'], env)
    assert.equal(none.code, 1)
    assert.match(none.err, /There is no tag shop\/orders\/none/)
  })
})

describe('idgen tag, where two data centres share an etcd', () => {
  let etcd: EtcdCluster
  let databases: TestDatabase[]
  let envs: Record<string, string>[]

  before(async () => {
    etcd = await testEtcd()
    databases = await Promise.all([testDatabase(), testDatabase()])
    envs = databases.map(({ url }, dc) => ({
      IDGEN_DATABASE_URL: url,
      IDGEN_DATACENTER_ID: String(dc),
      IDGEN_ETCD_ENDPOINTS: etcd.endpoints.join(','),
    }))
    await Promise.all(envs.map((env) => idgen(['migrate'], env)))
  })
  after(async () => {
    for (const database of databases ?? []) await database.drop()
    await etcd?.close()
  })

  test('trap 23: same key, two stores: the numbers are claimed for all data centres before the tag is made', async () => {
    const args = ['tag', 'import', 'shop/orders/invoice', '--max', '5000000', '--json']
    const [first] = linesOf((await idgen(args, envs[0] ?? {})).out)
    assert.deepEqual(first, { path: 'shop/orders/invoice', startAt: 6_000_001, outcome: 'made' })
    const [second] = linesOf((await idgen(args, envs[1] ?? {})).out)
    assert.deepEqual(second, { ...first, outcome: 'present' }, 'the other data centre takes it over')
    const read = `SELECT generation, start_at::int, dc_count FROM biz_tags`
    const rows = await Promise.all(databases.map((database) => query(database, read)))
    assert.deepEqual(rows[0], rows[1])
    const lower = await idgen(['tag', 'import', 'shop/orders/invoice', '--max', '9000000'], envs[1] ?? {})
    assert.match(lower.err, /exists and begins at 6000001, not at 10000001/)
  })

  test('advance moves the witness, so that no data centre grants below', async () => {
    const args = ['tag', 'advance', 'shop/orders/invoice', '--to', '7000000', '--json']
    const { out, err } = await idgen(args, envs[0] ?? {})
    assert.equal(linesOf(out)[0]?.['nextValue'], 7_000_000)
    assert.match(err, /Run it also with the database of each data centre/)
    const other = ['tag', 'advance', 'shop/orders/invoice', '--to', '0', '--json']
    const [second] = linesOf((await idgen(other, envs[1] ?? {})).out)
    assert.ok(Number(second?.['nextValue']) >= 7_000_000, JSON.stringify(second))
  })

  test('without etcd nothing is made, and the reason is told', async () => {
    const away = { ...envs[0], IDGEN_ETCD_ENDPOINTS: 'http://127.0.0.1:1' }
    const made = await idgen(['tag', 'import', 'shop/orders/refund', '--max', '1'], away)
    assert.equal(made.code, 1)
    assert.match(made.err, /IDGEN_COORDINATION_UNAVAILABLE/)
    const refund = `SELECT name FROM biz_tags WHERE name = 'refund'`
    assert.deepEqual(await query(databases[0] as TestDatabase, refund), [])
    const advanced = await idgen(['tag', 'advance', 'shop/orders/invoice', '--to', '9000000'], away)
    assert.match(advanced.err, /IDGEN_WITNESS_UNAVAILABLE/)
  })
})
