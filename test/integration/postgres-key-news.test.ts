// Runs beside others: it waits for what comes, and asserts on no time.

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { sql } from 'kysely'
import { PostgresDatabase } from '../../service/adapters/postgres/database.ts'
import { migrate } from '../../service/adapters/postgres/migrate.ts'
import { PostgresApiKeyStore } from '../../service/adapters/postgres/postgres-api-key-store.ts'
import { PostgresKeyNews } from '../../service/adapters/postgres/postgres-key-news.ts'
import { PLAIN_KEY } from '../fixtures/plain-key.ts'
import { RecordedLog } from '../fixtures/recorded-log.ts'
import { TcpProxy } from '../fixtures/tcp-proxy.ts'
import { type TestDatabase, testDatabase } from './postgres-server.ts'

describe('news of keys out of PostgreSQL', () => {
  let test: TestDatabase
  let database: PostgresDatabase
  let proxy: TcpProxy

  before(async () => {
    test = await testDatabase()
    const { hostname: host, port } = new URL(test.url)
    proxy = await TcpProxy.start({ host, port: Number(port) })
    database = new PostgresDatabase({ url: test.url, log: new RecordedLog(), poolMin: 0 })
    await migrate(database.kysely)
  })
  after(async () => {
    await proxy?.close()
    await database?.close()
    await test?.drop()
  })

  function newsAt(url: string, log = new RecordedLog()): PostgresKeyNews {
    return new PostgresKeyNews({ url, applicationName: 'key news', database, log })
  }

  it('say loudly that nothing arrives, as behind a pooler that keeps notifications', async () => {
    // What is sent in one database is not heard in another, as with a pooler in transaction mode.
    const elsewhere = await testDatabase()
    const log = new RecordedLog()
    const news = newsAt(elsewhere.url, log)
    const following = news.follow({ onKey() {}, onAll: () => assert.fail('nothing is told') })
    await until(() => /pooler in transaction mode/.test(news.fault() ?? ''))
    following[Symbol.dispose]()
    await elsewhere.drop()
    const told = log.lines.map(({ text }) => text)
    assert.deepEqual(told, ['changes of API keys are not told at once, only found by the poll'])
  })

  it('notice a line that was cut without a word, and come again by another', async () => {
    const log = new RecordedLog()
    const news = newsAt(proxy.through(test.url), log)
    const heard: string[] = []
    let all = 0
    using _ = news.follow({ onKey: (id) => void heard.push(id), onAll: () => void (all += 1) })
    await until(() => news.fault() === undefined)
    proxy.set('hold')
    await until(() => news.fault() !== undefined)
    proxy.set('pass')
    await until(() => news.fault() === undefined)
    await new PostgresApiKeyStore(database).create(KEY)
    await until(() => heard.length > 0)
    assert.deepEqual(heard, [KEY.id])
    assert.equal(all, 2, 'told to look at what it missed')
    assert.equal(log.lines.length, 2, 'one line when it was lost, one when it came back')
  })

  it('do not care for what others send on the channel', async () => {
    const news = newsAt(test.url)
    const heard: string[] = []
    using _ = news.follow({ onKey: (id, revision) => void heard.push(`${id} ${revision}`), onAll() {} })
    await until(() => news.fault() === undefined)
    for (const text of ['', 'x', '1 UPPERCASE000', '-1 aaaaaaaaaaaa', '7 aaaaaaaaaaaa'])
      await sql`SELECT pg_notify('idgen_keys', ${text})`.execute(database.kysely)
    await until(() => heard.length > 0)
    assert.deepEqual(heard, ['aaaaaaaaaaaa 7'])
  })
})

const KEY = { ...PLAIN_KEY, id: 'newskey00000' }

async function until(holds: () => boolean): Promise<void> {
  const endMs = performance.now() + 40_000
  while (!holds()) {
    assert.ok(performance.now() < endMs, 'not within 40 s')
    await pause(20)
  }
}
