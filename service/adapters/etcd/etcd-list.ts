import { GRPCOutOfRangeError, type IRangeResponse } from 'etcd3'
import { invariant } from '../../core/invariant.ts'
import type { Entry } from '../../ports/coordinator.ts'
import { type EtcdKeys, toRevision } from './etcd-keys.ts'
import type { EtcdMembers, Member } from './etcd-members.ts'

export interface Listed {
  readonly revision: number
  readonly entries: readonly Entry[]
  /** Who answered, and for which cluster: a watch that goes on from here must be of the same. */
  readonly member: Member
  readonly clusterId: string
}

/** Everything below `prefix` at one revision, page by page: one answer must stay below gRPC's limit. */
export async function list(members: EtcdMembers, keys: EtcdKeys, prefix: string): Promise<Listed> {
  for (let attempt = 1; ; attempt += 1)
    try {
      return await listOnce(members, keys, prefix)
    } catch (thrown) {
      // The revision of the first page was compacted away before the last one was read.
      const compacted = thrown instanceof Error && thrown.cause instanceof GRPCOutOfRangeError
      if (!compacted || attempt === ATTEMPTS_MAX) throw thrown
    }
}

async function listOnce(members: EtcdMembers, keys: EtcdKeys, prefix: string): Promise<Listed> {
  const { key, range_end } = keys.below(prefix)
  const first = await readPage(members, prefix, { key, range_end, limit: PAGE })
  const { revision } = first.page.header
  const entries = first.page.kvs.map((kv) => keys.entry(kv))
  let { page, member } = first
  while (page.more) {
    const last = page.kvs.at(-1)
    invariant(last !== undefined, 'a page with more behind it is not empty')
    // The smallest key above the last one.
    const after = Buffer.concat([last.key, Buffer.from([0])])
    ;({ page, member } = await readPage(members, prefix, { key: after, range_end, limit: PAGE, revision }))
    for (const kv of page.kvs) entries.push(keys.entry(kv))
    invariant(entries.length <= ENTRIES_MAX, `at most ${ENTRIES_MAX} entries lie below ${prefix}`)
  }
  return { revision: toRevision(revision), entries, member, clusterId: page.header.cluster_id }
}

interface PageRequest {
  readonly key: Buffer
  readonly range_end: Buffer
  readonly limit: number
  /** Absent for the first page: the newest state there is, agreed on by a majority. */
  readonly revision?: string
}

async function readPage(
  members: EtcdMembers,
  prefix: string,
  request: PageRequest,
): Promise<{ page: IRangeResponse; member: Member }> {
  return await members.call({
    doing: `listing ${prefix}`,
    repeatable: true,
    run: async (member, options) => ({ page: await member.client.kv.range(request, options), member }),
  })
}

const PAGE = 1000
/** Far above any installation (a witness for each of 100,000 tags and 8 data centres); a list must end. */
const ENTRIES_MAX = 2_000_000
/** etcd compacts every few minutes at most. */
const ATTEMPTS_MAX = 3
