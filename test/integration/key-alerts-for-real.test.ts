// Runs beside others: its limits only end waits for what must come.

import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { type TestContext, test } from 'node:test'
import { parse, stringify } from 'yaml'
import { startService } from '../fixtures/service-process.ts'
import { TcpProxy } from '../fixtures/tcp-proxy.ts'
import { until } from '../fixtures/until.ts'
import { SHIPPED_RULES, startAlerting, toldAt } from './alert-world.ts'
import { HEADERS, KEY } from './embedded-service.ts'
import { testDatabase } from './postgres-server.ts'
import { withoutPrograms } from './watch-programs.ts'

/** What is told of keys, on its whole way to people. Beside alerts-for-real.test.ts: nobody asks for a minute here. */

/** How long each must hold, as it is shipped. */
const SHIPPED: Readonly<Record<string, string>> = { IdgenKeyNewsMissing: '2m', IdgenWrongKeys: '15s' }
/** Here: to wait for two minutes would be most of what the test does. */
const HELD = '10s'
/** More than the 100 of the rule, of which the limits let 60 be looked at. */
const REFUSED = 180
const GUESSES_MAX = 1000
const TOLD_LIMIT_MS = 180_000

async function hastyRules(): Promise<string> {
  const file = parse(await readFile(SHIPPED_RULES, 'utf8')) as {
    readonly groups: readonly { readonly rules: { readonly alert: string; for: string }[] }[]
  }
  const hasty = file.groups.flatMap(({ rules }) => rules).filter(({ alert }) => alert in SHIPPED)
  assert.deepEqual(Object.fromEntries(hasty.map((rule) => [rule.alert, rule.for])), SHIPPED)
  for (const rule of hasty) rule.for = HELD
  return stringify(file)
}

async function start(t: TestContext) {
  const database = await testDatabase()
  const { hostname, port } = new URL(database.url)
  const news = await TcpProxy.start({ host: hostname, port: Number(port) })
  const service = await startService({
    IDGEN_DATABASE_URL: database.url,
    IDGEN_DATABASE_LISTEN_URL: news.through(database.url),
    IDGEN_AUTH_ADMIN_KEY: KEY,
  })
  t.after(() => service.stop('SIGTERM'))
  t.after(() => news.close())
  t.after(() => database.drop())
  return { news, service, ...(await startAlerting(t, service, { rules: await hastyRules() })) }
}

test('missing news of keys and many wrong keys reach people and the audit log', {
  skip: withoutPrograms('prometheus', 'alertmanager'),
}, async (t) => {
  const { news, service, told, prometheus } = await start(t)
  // A counter must be seen before it grows: what it has at the first scrape is no increase.
  const hears = async (): Promise<boolean> =>
    (await prometheus.query('idgen_key_news_ok == 1 and idgen_wrong_api_keys_total == 0')).length === 1
  await until('a scrape of a service that hears', hears, TOLD_LIMIT_MS)

  // Nobody answers on that line any more; the database itself does.
  await news.close()
  // A busy database may leave some without an answer: those are nobody's guess.
  let refused = 0
  for (let guess = 0; refused < REFUSED && guess < GUESSES_MAX; guess += 1) {
    const key = `idg_${randomBytes(6).toString('hex')}_${randomBytes(32).toString('base64url')}`
    const { status } = await fetch(`${service.httpOrigin}/v1/workspaces`, {
      headers: { authorization: `Bearer ${key}` },
    })
    if (status === 401 || status === 429) refused += 1
  }
  assert.equal(refused, REFUSED)

  const names = Object.keys(SHIPPED)
  await until('both messages', () => names.every((alert) => toldAt(told).has(alert)), TOLD_LIMIT_MS)
  await until(
    'audit records',
    async () => {
      const answer = await fetch(`${service.httpOrigin}/v1/audit?action=alert.firing`, { headers: HEADERS })
      if (!answer.ok) return false
      const { items } = (await answer.json()) as { items: { subject: string }[] }
      return names.every((alert) => items.some(({ subject }) => subject === alert))
    },
    TOLD_LIMIT_MS,
  )
})
