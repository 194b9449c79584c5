import type { MetricSource } from './adapters/telemetry/prometheus-metrics.ts'
import { SHARED_KINDS } from './app/rate-limits.ts'
import type { SharedRates } from './app/shared-rates.ts'
import { counter, gauge } from './plain-metrics.ts'
import type { Sharing } from './start-cache.ts'

/** What is shared through Redis, and how Redis does. */
export function cacheSources({ cache, keys, blocks }: Sharing): MetricSource[] {
  const always: MetricSource[] = [
    gauge('idgen_redis_ok', '1 while Redis is used', () => (cache.fault() === undefined ? 1 : 0)),
    {
      name: 'idgen_redis_calls_total',
      help: 'Calls to Redis: answered, failed (these made their callers wait), refused (not sent while it is away)',
      kind: 'counter',
      labels: ['outcome'],
      read: (set) => {
        const { answered, failed, refused } = cache.counters
        set(['answered'], answered)
        set(['failed'], failed)
        set(['refused'], refused)
      },
    },
    counter('idgen_api_key_shared_hits_total', 'API keys found in Redis', () => keys.hits),
    counter('idgen_api_key_shared_misses_total', 'API keys asked of the database', () => keys.misses),
    {
      name: 'idgen_api_key_shared_refused_total',
      help: 'API keys found in Redis and not believed: forged (not signed by a process of this database), stale (older than what is known of the key)',
      kind: 'counter',
      labels: ['reason'],
      read: (set) => {
        set(['forged'], keys.refused.forged)
        set(['stale'], keys.refused.stale)
      },
    },
  ]
  if (blocks === undefined) return always
  return [
    ...always,
    counter('idgen_segment_block_hits_total', 'Segments found in Redis', () => blocks.hits),
    counter(
      'idgen_segment_block_misses_total',
      'Segments not found in Redis and asked of the database',
      () => blocks.misses,
    ),
    counter(
      'idgen_segment_blocks_dropped_total',
      'Segments out of Redis that were not used: repeated by it, too low, or etcd did not answer',
      () => blocks.dropped,
    ),
    counter(
      'idgen_segment_blocks_burnt_total',
      'Segments that were to be put aside in Redis and may not have got there',
      () => blocks.burnt,
    ),
  ]
}

/** What this process and the others tell each other of rate limits (limits.shared). */
export function sharedRateSources(rates: SharedRates): MetricSource[] {
  return [
    {
      name: 'idgen_rate_settlements_total',
      help: 'Rounds in which this process told what was used of the rate limits, with limits.shared: settled, or failed (until one succeeds limits hold for this process alone)',
      kind: 'counter',
      labels: ['outcome'],
      read: (set) => {
        set(['settled'], rates.rounds.settled)
        set(['failed'], rates.rounds.failed)
      },
    },
    gauge(
      'idgen_rate_settlement_age_seconds',
      'How long no round has gone well: much above limits.settleEvery the limits hold for this process alone. Once one failed it grows with further ones that fail, stands still while there is nothing to tell, and ends when Redis is back or ten minutes after the last',
      () => rates.ageMs / 1000,
    ),
    counter(
      'idgen_rate_settled_names_total',
      'Addresses, keys and tags told in those rounds',
      () => rates.names,
    ),
    {
      name: 'idgen_rate_settlement_left_over_names_total',
      help: 'Addresses, keys and tags that used enough to be told and waited for a later round, as more than 1,000 had: until then they count for this process alone',
      kind: 'counter',
      labels: ['kind'],
      read: (set) => {
        for (const kind of SHARED_KINDS) set([kind], rates.leftOver[kind])
      },
    },
    {
      name: 'idgen_rate_charged_requests_total',
      help: 'Requests that addresses, keys and tags were charged with here because other processes had answered them',
      kind: 'counter',
      labels: ['kind'],
      read: (set) => {
        for (const kind of SHARED_KINDS) set([kind], rates.charged[kind])
      },
    },
  ]
}
