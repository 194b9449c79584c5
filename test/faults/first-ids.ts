import assert from 'node:assert/strict'
import { issuerOf, recordAnswer } from '../fixtures/load-client.ts'
import { firstIdAfter } from '../fixtures/paced-load.ts'
import type { ServiceProcess } from '../fixtures/service-process.ts'
import { type Stage, TAGS } from './scenario.ts'

/**
 * How long after `sinceMs` (performance.now()) a new process gives the first ID of a segment and of a snowflake tag,
 * each by its first choice.
 * @throws AssertionError when that is later than `limitMs`
 */
export async function firstIdOfAll(
  { load, issued, measured }: Stage,
  service: ServiceProcess,
  sinceMs: number,
  limitMs: number,
): Promise<void> {
  for (const [tag, algorithm] of Object.entries(FIRST_CHOICES)) {
    let got = ''
    while (got !== algorithm) {
      const leftMs = limitMs - (performance.now() - sinceMs)
      assert.ok(leftMs > 0, `no ${algorithm} within ${limitMs} ms`)
      got = (await firstIdAfter(load.calls, service, tag, issued, leftMs)).algorithm
    }
    measured.set(`first ${algorithm} ID of the new process`, `${seconds(performance.now() - sinceMs)} s`)
  }
}

/** Asks a service once for each tag: a fault must not be the first it hears of one. */
export async function meetTags(
  { load, issued }: Pick<Stage, 'load' | 'issued'>,
  service: ServiceProcess,
): Promise<void> {
  for (const tag of Object.keys(TAGS))
    recordAnswer(issued, tag, await load.calls.ask(service, 'http', tag, 1), 'http', issuerOf(service))
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(1)
}

const FIRST_CHOICES = { orders: 'segment', events: 'snowflake' } as const
