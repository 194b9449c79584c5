import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Row } from './bench-result.ts'
import { flatnessRows, p99Row } from './soak-findings.ts'
import { loopDelayMs, type SoakSample, summed } from './soak-samples.ts'

const FLAT: Omit<SoakSample, 'minute'> = {
  residentMb: 200,
  mainHeapMb: 40,
  threadsHeapMb: 30,
  mainGcMsPerSecond: 0.5,
  threadsGcMsPerSecond: 4,
  loopDelayP99Ms: 1,
  threadsLateMs: 8,
  answersPerSecond: 200_000,
  p99Ms: 2,
}

/** Half an hour, a sample every five seconds. */
function soak(at: (minute: number, sample: number) => Partial<SoakSample>): readonly Row[] {
  return flatnessRows(Array.from({ length: 360 }, (_, i) => ({ minute: i / 12, ...FLAT, ...at(i / 12, i) })))
}

function missed(rows: readonly Row[]): string[] {
  return rows.filter(({ met }) => met === false).map(({ what }) => what)
}

describe('a soak', () => {
  test('that is flat meets every bar', () => {
    assert.deepEqual(missed(soak(() => ({}))), [])
  })

  test('is flat with a heap that rises and is collected, and with moments that were slow', () => {
    const rows = soak((_minute, i) => ({
      threadsHeapMb: 30 + ((i * 7) % 16),
      p99Ms: i % 11 === 0 ? 30 : 2,
      mainGcMsPerSecond: i % 7 === 0 ? 9 : 0.5,
    }))
    assert.deepEqual(missed(rows), [])
  })

  test('that fills in its first half alone is flat, and says how much that was', () => {
    const rows = soak((minute) => ({ residentMb: minute < 14 ? 160 + (40 * minute) / 14 : 200 }))
    assert.deepEqual(missed(rows), [])
    assert.ok((rows.find(({ what }) => what.includes('last tenth'))?.value ?? 0) > 10)
  })

  for (const [figure, of] of [
    ['resident memory of the process', (minute: number) => ({ residentMb: 150 + 2 * minute })],
    ['heap of the main thread', (minute: number) => ({ mainHeapMb: 30 + minute })],
    ['heaps of the protocol threads', (minute: number) => ({ threadsHeapMb: 30 + minute })],
  ] as const)
    test(`in which the ${figure} grows is not`, () => {
      assert.deepEqual(missed(soak(of)), [
        `${figure}, growth over the second half`,
        `${figure}, growth over the last third`,
      ])
    })

  for (const [figure, of] of [
    ['collector of the main thread: time', { mainGcMsPerSecond: 0.7 }],
    ['collectors of the protocol threads: time', { threadsGcMsPerSecond: 6 }],
    ['loop delay of the main thread, p99:', { loopDelayP99Ms: 2.5 }],
    ['lateness of the protocol threads, at worst:', { threadsLateMs: 14 }],
    ['answers, p99:', { p99Ms: 3.5 }],
  ] as const)
    test(`whose last third has more of "${figure}" is not`, () => {
      const [what = '', ...others] = missed(soak((minute) => (minute >= 20 ? of : {})))
      assert.ok(what.startsWith(figure), what)
      assert.deepEqual(others, [])
    })
})

test('a protocol whose answers were slow over the whole run is above the bar', () => {
  assert.deepEqual([p99Row('http', 9.9).met, p99Row('http', 10.1).met], [true, false])
})

test('what a timer of 10 ms waits anyway is no delay', () => {
  assert.ok(Math.abs(loopDelayMs(0.0125) - 2.5) < 1e-9)
  assert.equal(loopDelayMs(0.0099), 0)
})

test('series are added up by name, one is found by its labels, and none is an error', () => {
  const text = '# TYPE a gauge\na{b="1"} 2\na{b="2"} 3\nab 9\n'
  assert.equal(summed(text, 'a'), 5)
  assert.equal(summed(text, 'a{b="2"}'), 3)
  assert.throws(() => summed(text, 'c'), /has no c/)
})
