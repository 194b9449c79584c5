import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { KillRun } from '../test/faults/observation-files.ts'
import type { Observation } from '../test/faults/scenario.ts'
import { reliabilityText } from './reliability-text.ts'

const NOTHING = { answered: 0, degraded: 0, failed: 0, perTag: {} }
const FAULT: Observation = {
  name: 'redis-flushed',
  title: 'Redis is flushed',
  form: 'long',
  requestsPerSecond: 200,
  faultS: 8,
  ids: 6000,
  idsPerProtocol: { http: 1000, grpc: 2000, resp: 3000 },
  duplicates: 0,
  during: NOTHING,
  afterwards: NOTHING,
  longestSilenceMs: { orders: 100 },
  normalAfterMs: 0,
  measured: {},
  readyz: [],
  metrics: [],
  log: [],
  audit: [],
}
const KILLS: KillRun = {
  title: 'one process',
  kills: 30,
  ids: 1500,
  idsPerProtocol: { http: 500, 'http-runs': 1000 },
  duplicates: 0,
}

describe('the document of reliability', () => {
  test('names the protocols over which IDs came, and no other', () => {
    const text = reliabilityText([FAULT], [KILLS])
    assert.match(text, /IDs came over HTTP, gRPC and the Redis protocol\.\n/)
    assert.doesNotMatch(text, /gRPC streams/)
  })

  test('a protocol over which one scenario gave nothing is not said to be in each', () => {
    const other = { ...FAULT, name: 'other', idsPerProtocol: { http: 1000, resp: 0 } }
    assert.match(reliabilityText([FAULT, other], [KILLS]), /IDs came over HTTP\.\n/)
  })

  test('counts IDs by protocol, of faults and of kills', () => {
    const text = reliabilityText([FAULT, { ...FAULT, name: 'other' }], [KILLS])
    assert.match(
      text,
      /\| HTTP \| 2,000 \| 500 \|\n\| HTTP batches \| 0 \| 1,000 \|\n\| gRPC \| 4,000 \| 0 \|/,
    )
    assert.match(text, /\| the Redis protocol \| 6,000 \| 0 \|\n/)
  })

  test('a duplicate anywhere is in the sum', () => {
    assert.match(
      reliabilityText([FAULT, { ...FAULT, duplicates: 1 }], [{ ...KILLS, duplicates: 2 }]),
      /13,500 IDs checked, 3 handed out twice/,
    )
  })
})
