import { Command } from 'commander'
import { PinoLog } from '../adapters/telemetry/pino-log.ts'
import type { Config } from '../config/keys.ts'
import { IdgenError } from '../core/errors.ts'
import { type Finding, verdictOf } from '../core/finding.ts'
import { judgeEnding, LAYOUT_END } from '../core/judgements.ts'
import { endStampMs, firstStampMs, snowflakeLayout } from '../core/snowflake-layout.ts'
import { installationOf, listeningUrl } from '../open-store.ts'
import { checkConfiguration } from './check-configuration.ts'
import { checkDatabase } from './check-database.ts'
import { checkEtcd } from './check-etcd.ts'
import { checkKeyNews } from './check-key-news.ts'
import { checkMachine } from './check-machine.ts'
import { checkPorts } from './check-ports.ts'
import { checkRedis } from './check-redis.ts'
import { configOption } from './config-option.ts'
import { check } from './findings.ts'
import { withDatabase } from './with-database.ts'

export function doctorCommand(): Command {
  return new Command('doctor')
    .description(
      'Check the configuration and every dependency, and say what is wrong and what to do. Exit code 0: nothing is wrong, though something may be worth a look (WARN); 1: something is (BAD).',
    )
    .addOption(configOption())
    .option('--json', 'print JSON')
    .action(examine)
}

async function examine(options: { config?: string; json?: boolean }): Promise<void> {
  const findings: Finding[] = []
  const config = await checkConfiguration(findings, options.config)
  if (config !== undefined) {
    await checkPorts(findings, config, () => ownInstallation(options.config, config))
    await checkMachine(findings, config)
    await checkEtcd(findings, config)
    await checkRedis(findings, config)
    await checkLayout(findings, config)
    await check(findings, {
      what: 'database',
      ask: () =>
        withDatabase(
          options.config,
          async (database, _, url) => {
            await checkDatabase(findings, database, config)
            await checkKeyNews(findings, database, {
              listen: config.database.listen,
              url: listeningUrl(config, url),
            })
          },
          SILENT,
        ),
      tell: () => 'closed cleanly',
      todo: 'Start it, or correct database.url (address, user, password, TLS).',
    })
  }
  process.stdout.write(options.json === true ? jsonOf(findings) : textOf(findings))
  if (verdictOf(findings) === 'bad') process.exitCode = 1
}

/** As a service with this configuration says it. @throws where the database does not tell */
async function ownInstallation(file: string | undefined, config: Config): Promise<string> {
  let installation = config.datacenter.installation
  // A configured name needs no database.
  if (installation === '')
    await withDatabase(
      file,
      async (database) => void (installation = await installationOf(config, database)),
      SILENT,
    )
  return installation
}

/** What the configuration lacks is a finding already. */
const SILENT = new PinoLog('silent', {}, process.stderr)

async function checkLayout(findings: Finding[], config: Config): Promise<void> {
  const layout = snowflakeLayout(config.snowflake.epoch)
  await check(findings, {
    what: 'snowflake layout',
    ask: () => {
      const firstMs = firstStampMs(layout)
      if (Date.now() >= firstMs) return endStampMs(layout)
      throw new IdgenError(
        'IDGEN_LAYOUT_EXHAUSTED',
        `snowflake.epoch is too late: the first usable moment is ${new Date(firstMs).toISOString()}.`,
      )
    },
    tell: (endMs) => judgeEnding({ ...LAYOUT_END, endMs }, Date.now(), (ms) => new Date(ms).toISOString()),
    todo: 'Set snowflake.epoch to an earlier moment, before the first snowflake ID is issued.',
  })
}

function jsonOf(findings: readonly Finding[]): string {
  const lines = findings.map((finding) => ({ ok: finding.verdict !== 'bad', ...finding }))
  return `${JSON.stringify(lines, undefined, 2)}\n`
}

function textOf(findings: readonly Finding[]): string {
  const lines = findings.map(({ verdict, what, found, todo }) => {
    const advice = verdict === 'ok' || todo === undefined || todo === '' ? '' : `${INDENT}${todo}\n`
    return `${MARKS[verdict]} ${what.padEnd(20)} ${found}\n${advice}`
  })
  return `${lines.join('')}${summary(findings)}\n`
}

const MARKS = { ok: 'ok  ', warning: 'WARN', bad: 'BAD ' } as const
const INDENT = `${' '.repeat(26)}→ `

function summary(findings: readonly Finding[]): string {
  const count = (verdict: Finding['verdict']): number =>
    findings.filter((one) => one.verdict === verdict).length
  const [wrong, doubtful] = [count('bad'), count('warning')]
  const look = doubtful === 0 ? '' : `, ${doubtful} worth a look`
  return wrong === 0
    ? `Nothing is wrong${look}.`
    : `${wrong} of ${findings.length} checks found something wrong${look}.`
}
