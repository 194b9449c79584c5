import type { EtcdCoordinator } from '../adapters/etcd/etcd-coordinator.ts'
import type { PostgresDatabase } from '../adapters/postgres/database.ts'
import { databaseIdentity } from '../adapters/postgres/database-identity.ts'
import { PinoLog } from '../adapters/telemetry/pino-log.ts'
import { type NodeRecord, parseNode } from '../app/node-record.ts'
import type { Config } from '../config/keys.ts'
import { nodesOf } from '../core/coordination-keys.ts'
import { bad, type Finding, good, warning } from '../core/finding.ts'
import { openCoordinator } from '../open-coordinator.ts'
import { check } from './findings.ts'
import { printable } from './running-here.ts'

/**
 * Whether the processes that run in this data centre use the database that is configured here. A claim does not tell two
 * databases apart where both have the same datacenter.installation. Without etcd they have no place where they could meet.
 */
export async function checkNodes(
  findings: Finding[],
  database: PostgresDatabase,
  config: Config,
): Promise<void> {
  const { id: dc } = config.datacenter
  const nodes = await nodesInEtcd(config)
  if (nodes === undefined) return
  await check(findings, {
    what: PROCESSES,
    ask: () => databaseIdentity(database),
    tell: (ours) => judgeNodes(dc, nodes, ours),
  })
}

/** undefined: no etcd is configured, or it is away or cannot be opened, which is a finding of its own. */
async function nodesInEtcd(config: Config): Promise<readonly NodeRecord[] | undefined> {
  let coordinator: EtcdCoordinator | undefined
  try {
    coordinator = await openCoordinator(config, new PinoLog('silent', {}, process.stderr))
    if (coordinator === undefined) return undefined
    const { entries } = await coordinator.list(nodesOf(config.datacenter.id))
    return entries.flatMap((entry) => parseNode(entry) ?? [])
  } catch {
    return undefined
  } finally {
    await coordinator?.close()
  }
}

/** `ours`: names the database that is configured here. */
export function judgeNodes(dc: number, nodes: readonly NodeRecord[], ours: string): Finding {
  const what = PROCESSES
  if (nodes.length === 0) return good(what, `none runs in data centre ${dc}`)
  const others = nodes.filter(({ database }) => database !== undefined && database !== ours)
  if (others.length > 0) {
    const names = others.slice(0, NAMED_MAX).map(({ node }) => printable(node))
    const more = others.length > NAMED_MAX ? ', …' : ''
    return bad(
      what,
      `${others.length} of ${nodes.length} in data centre ${dc} use another database than the one configured here (${names.join(', ')}${more})`,
      'Correct database.url where it is wrong, or give them another datacenter.id and datacenter.installation: docs/data-centres.md.',
    )
  }
  const silent = nodes.filter(({ database }) => database === undefined).length
  const found = `${nodes.length} run in data centre ${dc}`
  return silent === 0
    ? good(what, `${found}, all on this database`)
    : warning(what, `${found}, ${silent} do not say on which database`, 'Upgrade those of an older release.')
}

const PROCESSES = 'processes'
/** A line that can be read. */
const NAMED_MAX = 5
