import { Command, InvalidArgumentError, Option } from 'commander'
import { PostgresCatalogStore } from '../adapters/postgres/postgres-catalog-store.ts'
import { type DecodedId, decodeId, decodeOfOwnLayout, decodeOfTag } from '../app/decode-id.ts'
import { parseTagPath } from '../app/tag-directory.ts'
import { loadConfig } from '../config/load.ts'
import { IdgenError } from '../core/errors.ts'
import { type SnowflakeLayout, snowflakeLayout } from '../core/snowflake-layout.ts'
import type { Tag } from '../core/tag.ts'
import type { TagLayout } from '../core/tag-layout.ts'
import { parseLayoutText } from '../core/tag-layout-text.ts'
import { configOption } from './config-option.ts'
import { withDatabase } from './with-database.ts'

export function idCommand(): Command {
  return new Command('id')
    .description('Look at IDs.')
    .addCommand(
      new Command('decode')
        .description('Print what can be read off an ID: time, data centre, worker, sequence, version.')
        .argument('<id>', 'a decimal number, a UUID, or together with --tag a text in its format')
        .option('--json', 'print JSON')
        .option(
          '--tag <workspace/group/tag>',
          "the tag that the ID is of, looked up in the configured database: for IDs in a format, or of a layout of the tag's own",
        )
        .addOption(layoutOption().conflicts('tag'))
        .addOption(configOption())
        .action(decode),
    )
}

interface DecodeOptions {
  readonly config?: string
  readonly json?: boolean
  readonly layout?: TagLayout
  readonly tag?: string
}

async function decode(id: string, options: DecodeOptions): Promise<void> {
  const decoded = await decodedOf(id, options)
  const shown: Record<string, unknown> = { ...decoded }
  if ('timeMs' in decoded && decoded.timeMs !== undefined)
    shown['time'] = new Date(decoded.timeMs).toISOString()
  if (options.json === true) process.stdout.write(`${JSON.stringify(shown)}\n`)
  else
    for (const [field, value] of Object.entries(shown)) process.stdout.write(`${field.padEnd(10)}${value}\n`)
}

/** Without a tag nothing is asked of any store: it works anywhere. */
async function decodedOf(id: string, { config, layout, tag }: DecodeOptions): Promise<DecodedId> {
  if (layout !== undefined) return decodeOfOwnLayout(id, layout)
  const ofAll = (): SnowflakeLayout => snowflakeLayout(loadConfig(config, process.env).snowflake.epoch)
  return tag === undefined ? decodeId(id, ofAll()) : decodeOfTag(id, await tagNamed(tag, config), ofAll())
}

/** @throws IDGEN_TAG_NOT_FOUND, IDGEN_STORE_UNAVAILABLE */
async function tagNamed(path: string, config: string | undefined): Promise<Tag> {
  const ref = parseTagPath(path)
  let found: Tag | undefined
  await withDatabase(config, async (database) => {
    found = await new PostgresCatalogStore(database, { alone: true }).findTag(ref)
  })
  if (found === undefined) throw new IdgenError('IDGEN_TAG_NOT_FOUND', `There is no tag ${path}.`)
  return found
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
