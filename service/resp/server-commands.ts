import type { Command, CommandContext } from './command.ts'
import { plainErrorLine } from './error-line.ts'

/** What clients and tools ask of a Redis server before they trust it. */
export const SERVER_COMMANDS: Readonly<Record<string, Command>> = {
  info: { least: 0, most: Number.POSITIVE_INFINITY, run: info },
  // Completion tables of redis-cli and routing tables of clients: there are none, and no client needs one.
  command: { least: 0, most: Number.POSITIVE_INFINITY, run: describeCommands },
  config: { least: 1, most: Number.POSITIVE_INFINITY, run: config },
}

/** One text, whatever sections are asked for: it is short. */
function info({ out, session, counters, limits, version }: CommandContext): void {
  const text = [
    '# Server',
    `redis_version:${SPOKEN_VERSION}`,
    'redis_mode:standalone',
    `idgen_version:${version}`,
    '# Clients',
    `connected_clients:${counters.connections}`,
    `maxclients:${limits.maxConnections}`,
    '# Stats',
    `total_connections_received:${counters.accepted}`,
    `total_commands_processed:${counters.commands}`,
    `rejected_connections:${counters.refused}`,
    '# Persistence',
    // Clients wait while this is 1.
    'loading:0',
    '',
  ].join('\r\n')
  if (session.version === 3) out.text(`=${text.length + 4}\r\ntxt:${text}\r\n`)
  else out.bulk(text)
}

function describeCommands({ out, session }: CommandContext, [sub = '']: readonly string[]): void {
  switch (sub.toLowerCase()) {
    case 'count':
      return out.integer(0)
    case 'docs':
      return out.map(0, session.version)
    default:
      return out.array(0)
  }
}

/** CONFIG GET is what redis-benchmark asks, to print it; the settings of idgen are elsewhere. */
function config({ out, session }: CommandContext, [sub = '', ...names]: readonly string[]): void {
  if (sub.toLowerCase() !== 'get')
    return out.text(
      plainErrorLine('ERR', `CONFIG ${sub.toUpperCase()} does nothing here: idgen is set by its own file`),
    )
  const found = names.flatMap((name) => {
    const value = SETTINGS.get(name.toLowerCase())
    return value === undefined ? [] : [[name.toLowerCase(), value] as const]
  })
  out.map(found.length, session.version)
  for (const [name, value] of found) {
    out.bulk(name)
    out.bulk(value)
  }
}

/** Of Redis, whose commands these are; clients ask what they may use. */
const SPOKEN_VERSION = '7.2.0'
/** Nothing is saved here by Redis' own means. */
const SETTINGS: ReadonlyMap<string, string> = new Map([
  ['save', ''],
  ['appendonly', 'no'],
])
