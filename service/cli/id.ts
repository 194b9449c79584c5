import { Command } from 'commander'
import { decodeId } from '../app/decode-id.ts'
import { loadConfig } from '../config/load.ts'
import { snowflakeLayout } from '../core/snowflake-layout.ts'
import { configOption } from './config-option.ts'

export function idCommand(): Command {
  return new Command('id')
    .description('Look at IDs.')
    .addCommand(
      new Command('decode')
        .description('Print what can be read off an ID: time, data centre, worker, sequence, version.')
        .argument('<id>', 'a decimal number or a UUID')
        .option('--json', 'print JSON')
        .addOption(configOption())
        .action(decode),
    )
}

function decode(id: string, options: { config?: string; json?: boolean }): void {
  const config = loadConfig(options.config, process.env)
  const decoded = decodeId(id, snowflakeLayout(config.snowflake.epoch))
  const shown: Record<string, unknown> = { ...decoded }
  if ('timeMs' in decoded && decoded.timeMs !== undefined)
    shown['time'] = new Date(decoded.timeMs).toISOString()
  if (options.json === true) process.stdout.write(`${JSON.stringify(shown)}\n`)
  else
    for (const [field, value] of Object.entries(shown)) process.stdout.write(`${field.padEnd(10)}${value}\n`)
}
