import { RATE_MAX } from '../core/rate-limit.ts'
import type { KeyRow } from './key-row.ts'

/** How often callers may ask (docs/rate-limits.md). A request counts once, however many IDs it asks for. */
export const LIMIT_KEYS = {
  'limits.perAddress': {
    kind: 'integer',
    default: 1000,
    min: 0,
    max: RATE_MAX,
    unit: 'requests a second',
    reload: 'live',
    doc: 'What one client address may ask of this process, over all protocols; of IPv6 all addresses of a /64 count together. A RESP command, a message of a gRPC stream and a batch are one request each. More is refused with IDGEN_RATE_LIMITED. Probes and /metrics do not count. 0: no limit.',
  },
  'limits.perKey': {
    kind: 'integer',
    default: 0,
    min: 0,
    max: RATE_MAX,
    unit: 'requests a second',
    reload: 'live',
    doc: 'What may be asked of this process with one API key, from wherever. 0: no limit.',
  },
  'limits.perTag': {
    kind: 'integer',
    default: 0,
    min: 0,
    max: RATE_MAX,
    unit: 'requests a second',
    reload: 'live',
    doc: 'How many requests for IDs of one tag this process answers, whoever asks. 0: no limit.',
  },
  'limits.wrongKeys': {
    kind: 'integer',
    default: 60,
    min: 0,
    max: 1_000_000,
    unit: 'wrong API keys a minute',
    reload: 'live',
    doc: 'Different wrong API keys that one client address may send. Further keys from there that are not known here yet are refused with IDGEN_RATE_LIMITED before the database is asked; known ones go on, and other addresses are not concerned. 0: no limit.',
  },
  'limits.burst': {
    kind: 'duration_ms',
    default: 1000,
    min: 10,
    max: 60_000,
    reload: 'live',
    doc: 'After a rest as many requests pass at once as the limits allow in this time. With 1s nobody is refused who never sends more than the limit within a second.',
  },
  'limits.headers': {
    kind: 'boolean',
    default: false,
    reload: 'live',
    doc: 'Answers over HTTP that are not refused say, too, in RateLimit-Policy and RateLimit what is allowed and what is left; refusals always do. Costs 5 % of a single ID.',
  },
  'limits.shared': {
    kind: 'boolean',
    default: false,
    reload: 'restart',
    doc: 'limits.perAddress, limits.perKey and limits.perTag hold over all processes of the database that use the same Redis, instead of for each (redis.endpoints).',
  },
  'limits.settleEvery': {
    kind: 'duration_ms',
    default: 500,
    min: 100,
    max: 10_000,
    reload: 'restart',
    doc: 'With limits.shared: how often processes tell each other what was used. In this time each may let through what one alone may.',
  },
} as const satisfies Record<string, KeyRow>
