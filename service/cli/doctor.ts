import { Command } from 'commander'
import { PinoLog } from '../adapters/telemetry/pino-log.ts'
import type { Config } from '../config/keys.ts'
import { IdgenError } from '../core/errors.ts'
import { endStampMs, firstStampMs, snowflakeLayout } from '../core/snowflake-layout.ts'
import { checkConfiguration } from './check-configuration.ts'
import { checkDatabase } from './check-database.ts'
import { checkEtcd } from './check-etcd.ts'
import { checkPorts } from './check-ports.ts'
import { checkRedis } from './check-redis.ts'
import { configOption } from './config-option.ts'
import { check, type Finding } from './findings.ts'
import { withDatabase } from './with-database.ts'

export function doctorCommand(): Command {
  return new Command('doctor')
    .description('Check the configuration and every dependency, and say what is wrong and what to do.')
    .addOption(configOption())
    .option('--json', 'print JSON')
    .action(examine)
}

async function examine(options: { config?: string; json?: boolean }): Promise<void> {
  const findings: Finding[] = []
  const config = await checkConfiguration(findings, options.config)
  if (config !== undefined) {
    await checkPorts(findings, config)
    await checkEtcd(findings, config)
    await checkRedis(findings, config)
    await check(
      findings,
      'snowflake layout',
      () => Promise.resolve(layoutRange(config)),
      (range) => range,
    )
    await check(
      findings,
      'database',
      () => withDatabase(options.config, (database) => checkDatabase(findings, database, config), SILENT),
      () => 'closed cleanly',
    )
  }
  if (options.json === true) process.stdout.write(`${JSON.stringify(findings, undefined, 2)}\n`)
  else
    for (const { ok, what, found } of findings)
      process.stdout.write(`${ok ? 'ok  ' : 'BAD '} ${what.padEnd(20)} ${found}\n`)
  if (findings.some(({ ok }) => !ok)) process.exitCode = 1
}

/** What the configuration lacks is a finding already. */
const SILENT = new PinoLog('silent', {}, process.stderr)

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
