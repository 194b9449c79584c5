import { Command, InvalidArgumentError, Option } from 'commander'
import { decodeId, decodeOfOwnLayout } from '../app/decode-id.ts'
import { loadConfig } from '../config/load.ts'
import { snowflakeLayout } from '../core/snowflake-layout.ts'
import type { TagLayout } from '../core/tag-layout.ts'
import { parseLayoutText } from '../core/tag-layout-text.ts'
import { configOption } from './config-option.ts'

export function idCommand(): Command {
  return new Command('id')
    .description('Look at IDs.')
    .addCommand(
      new Command('decode')
        .description('Print what can be read off an ID: time, data centre, worker, sequence, version.')
        .argument('<id>', 'a decimal number or a UUID')
        .option('--json', 'print JSON')
        .addOption(layoutOption())
        .addOption(configOption())
        .action(decode),
    )
}

interface DecodeOptions {
  readonly config?: string
  readonly json?: boolean
  readonly layout?: TagLayout
}

function decode(id: string, { config, json, layout }: DecodeOptions): void {
  const decoded =
    layout === undefined
      ? decodeId(id, snowflakeLayout(loadConfig(config, process.env).snowflake.epoch))
      : decodeOfOwnLayout(id, layout)
  const shown: Record<string, unknown> = { ...decoded }
  if ('timeMs' in decoded && decoded.timeMs !== undefined)
    shown['time'] = new Date(decoded.timeMs).toISOString()
  if (json === true) process.stdout.write(`${JSON.stringify(shown)}\n`)
  else
    for (const [field, value] of Object.entries(shown)) process.stdout.write(`${field.padEnd(10)}${value}\n`)
}

function layoutOption(): Option {
  return new Option(
    '--layout <layout>',
    "the tag's own, where it has one: its name (53-bit), or fields as timeBits=41,sequenceBits=11,epochMs=1288834974657; those left out are as when a tag is made",
  ).argParser((text) => {
    const parsed = parseLayoutText(text)
    if ('fault' in parsed) throw new InvalidArgumentError(parsed.fault)
    return parsed.layout
  })
}
