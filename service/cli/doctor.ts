import { createServer } from 'node:net'
import { Command } from 'commander'
import { sql } from 'kysely'
import { runningEmbeddedUrl } from '../adapters/embedded/embedded-postgres.ts'
import type { PostgresDatabase } from '../adapters/postgres/database.ts'
import { pendingMigrations } from '../adapters/postgres/migrate.ts'
import { PostgresTimeGrantStore } from '../adapters/postgres/postgres-time-grant-store.ts'
import type { Config } from '../config/keys.ts'
import { loadConfig } from '../config/load.ts'
import { IdgenError } from '../core/errors.ts'
import { endStampMs, firstStampMs, snowflakeLayout } from '../core/snowflake-layout.ts'
import { configOption } from './config-option.ts'
import { withDatabase } from './with-database.ts'

interface Finding {
  readonly ok: boolean
  readonly what: string
  readonly found: string
}

export function doctorCommand(): Command {
  return new Command('doctor')
    .description('Check the configuration and every dependency, and say what is wrong and what to do.')
    .addOption(configOption())
    .option('--json', 'print JSON')
    .action(examine)
}

async function examine(options: { config?: string; json?: boolean }): Promise<void> {
  const findings: Finding[] = []
  const config = await check(
    findings,
    'configuration',
    () => Promise.resolve(loadConfig(options.config, process.env)),
    () => 'valid',
  )
  if (config !== undefined) {
    await checkPorts(findings, config)
    await check(
      findings,
      'snowflake layout',
      () => Promise.resolve(layoutRange(config)),
      (range) => range,
    )
    await check(
      findings,
      'database',
      () => withDatabase(options.config, (database) => checkDatabase(findings, database, config)),
      () => 'closed cleanly',
    )
  }
  if (options.json === true) process.stdout.write(`${JSON.stringify(findings, undefined, 2)}\n`)
  else
    for (const { ok, what, found } of findings)
      process.stdout.write(`${ok ? 'ok  ' : 'BAD '} ${what.padEnd(20)} ${found}\n`)
  if (findings.some(({ ok }) => !ok)) process.exitCode = 1
}

async function check<T>(
  findings: Finding[],
  what: string,
  ask: () => Promise<T>,
  tell: (answer: T) => string,
): Promise<T | undefined> {
  try {
    const answer = await ask()
    findings.push({ ok: true, what, found: tell(answer) })
    return answer
  } catch (thrown) {
    const error = IdgenError.from(thrown)
    const faults = error.faults.map(({ path, message }) => `${path} ${message}`).join('; ')
    findings.push({
      ok: false,
      what,
      found: `${error.message}${faults === '' ? '' : ` (${faults})`} [${error.code}]`,
    })
    return undefined
  }
}

async function checkDatabase(findings: Finding[], database: PostgresDatabase, config: Config): Promise<void> {
  // Not through `check`: without a database the rest has nothing to say.
  const fault = await database.health(HEALTH_DEADLINE_MS)
  if (fault !== undefined) throw new IdgenError('IDGEN_STORE_UNAVAILABLE', fault)
  const version = await setting(database, 'server_version')
  findings.push({ ok: true, what: 'database version', found: `PostgreSQL ${version}` })
  await check(
    findings,
    'fsync',
    () => requireSetting(database, 'fsync', ['on'], 'a crash of its machine would lose grants'),
    (v) => v,
  )
  const migrated = await check(
    findings,
    'schema',
    () => requireSchema(database),
    () => 'up to date',
  )
  await check(
    findings,
    'max_connections',
    () => setting(database, 'max_connections'),
    (most) => `${most} (this process takes up to ${config.database.pool.max})`,
  )
  await check(
    findings,
    'clock',
    () => requireClock(new PostgresTimeGrantStore(database), config),
    (ms) => `${ms} ms from the database's`,
  )
  if (migrated !== true) return
  await check(
    findings,
    'tags',
    () => countTags(database),
    (n) => `${n}`,
  )
}

/** Longer than a pool's first connection over a slow network takes. */
const HEALTH_DEADLINE_MS = 5000

async function countTags(database: PostgresDatabase): Promise<number> {
  const query = database.kysely
    .selectFrom('biz_tags')
    .select(sql<number>`count(*)::int`.as('n'))
    .where('deleted_at', 'is', null)
  const [row] = await database.read('counting tags', query)
  return row?.n ?? 0
}

async function setting(database: PostgresDatabase, name: string): Promise<string> {
  const query = database.kysely.selectNoFrom(sql<string>`current_setting(${name})`.as('value'))
  const [row] = await database.read(`reading ${name}`, query)
  return row?.value ?? ''
}

async function requireSetting(
  database: PostgresDatabase,
  name: string,
  allowed: readonly string[],
  why: string,
): Promise<string> {
  const value = await setting(database, name)
  if (allowed.includes(value)) return value
  throw new IdgenError(
    'IDGEN_CONFIG_INVALID',
    `${name} is ${value}: ${why}; set it to ${allowed.join(' or ')}.`,
  )
}

async function requireSchema(database: PostgresDatabase): Promise<true> {
  const pending = await pendingMigrations(database.kysely)
  if (pending.length > 0)
    throw new IdgenError('IDGEN_SCHEMA_MISMATCH', `it lacks ${pending.join(', ')}: run "idgen migrate".`)
  return true
}

async function requireClock(times: PostgresTimeGrantStore, config: Config): Promise<number> {
  const aheadMs = Math.round(Date.now() - (await times.nowMs()))
  const limitMs = config.snowflake.maxClockAhead
  if (Math.abs(aheadMs) <= limitMs) return aheadMs
  throw new IdgenError(
    'IDGEN_CLOCK_UNUSABLE',
    `this clock is ${aheadMs} ms from the database's; at most ${limitMs} ms are allowed: check NTP on both.`,
  )
}

/** A running service on the same data folder holds its own ports: that is no fault. */
async function checkPorts(findings: Finding[], config: Config): Promise<void> {
  const { http, grpc, metrics } = config.server
  const running = config.database.url === '' && (await runningEmbeddedUrl(config.data.dir)) !== undefined
  for (const [what, { host, port }] of Object.entries({
    'http port': http,
    'grpc port': grpc,
    'metrics port': metrics,
  })) {
    const free = await isFree(host, port)
    const found = free
      ? `${host}:${port} is free`
      : `${host}:${port} is taken${running ? ' (idgen runs on this data folder)' : '; choose another or stop what uses it'}`
    findings.push({ ok: free || running, what, found })
  }
}

function isFree(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen({ host, port }, () => server.close(() => resolve(true)))
  })
}

function layoutRange(config: Config): string {
  const layout = snowflakeLayout(config.snowflake.epoch)
  const nowMs = Date.now()
  if (nowMs < firstStampMs(layout))
    throw new IdgenError(
      'IDGEN_LAYOUT_EXHAUSTED',
      `snowflake.epoch is too late: the first usable moment is ${new Date(firstStampMs(layout)).toISOString()}.`,
    )
  return `usable until ${new Date(endStampMs(layout)).toISOString()}`
}
