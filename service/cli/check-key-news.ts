import type { PostgresDatabase } from '../adapters/postgres/database.ts'
import { PostgresKeyNews } from '../adapters/postgres/postgres-key-news.ts'
import { PinoLog } from '../adapters/telemetry/pino-log.ts'
import type { Finding } from '../core/finding.ts'
import { judgeKeyNews } from '../core/judgements.ts'
import { check } from './findings.ts'

export interface KeyNewsSettings {
  readonly listen: boolean
  /** Where they are heard. */
  readonly url: string
}

/** Whether what one connection sends arrives at another that listens, as changes of keys have to. */
export async function checkKeyNews(
  findings: Finding[],
  database: PostgresDatabase,
  { listen, url }: KeyNewsSettings,
): Promise<void> {
  await check(findings, {
    what: 'key news',
    ask: () => (listen ? deafness(database, url) : undefined),
    tell: (deaf) => judgeKeyNews(listen, deaf),
  })
}

/** Why nothing arrives; undefined: it does. */
async function deafness(database: PostgresDatabase, url: string): Promise<string | undefined> {
  const log = new PinoLog('silent', {}, process.stderr)
  const news = new PostgresKeyNews({ url, applicationName: 'idgen doctor', database, log })
  using _following = news.follow({ onKey: () => undefined, onAll: () => undefined })
  const endsAtMs = performance.now() + LISTEN_MS
  // The connection is made in the background. A line that does not answer is given up by it, with a reason, before this ends.
  while (news.fault() !== undefined && performance.now() < endsAtMs)
    await new Promise((resolve) => setTimeout(resolve, ASK_EVERY_MS))
  return news.fault()
}

/** Opening a connection may take 5 s, and what is sent on it another 5 s, before that is called a fault. */
const LISTEN_MS = 11_000
const ASK_EVERY_MS = 20
