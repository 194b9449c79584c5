import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type BenchResult, judged } from '../bench/bench-result.ts'
import { drawBars } from '../bench/draw-bars.ts'
import { drawCurves } from '../bench/draw-curves.ts'
import { performanceDocument } from './performance-document.ts'

const RESULT: BenchResult = {
  bench: 'http',
  at: '2026-11-27T01:02:03.000Z',
  form: 'long',
  machine: { cpu: 'AMD EPYC', cores: 2, memoryGb: 8, kernel: 'Linux 6', virtualised: true },
  versions: { idgen: '1.2.3', node: '24.21.0', v8: '13' },
  conditions: ['Over loopback.'],
  rows: [
    judged({
      what: 'one ID',
      value: 12.34,
      unit: 'µs',
      spread: { min: 12, max: 13 },
      floor: { what: 'bare', value: 10 },
      ratio: 1.24,
      bar: { of: 'ratio', atMost: 1.25 },
    }),
    judged({ what: 'IDs a second', value: 9, unit: 'M/s', bar: { of: 'value', atLeast: 10 } }),
    judged({ what: 'lost', value: 3, unit: 'IDs', bar: { of: 'value', atMost: 0 } }),
  ],
  tables: [{ title: 'Steps', columns: ['asked', 'answered'], rows: [[1000, 'a | b']] }],
  curves: [
    {
      title: 'Latency',
      x: { unit: 'M/s', scale: 'linear' },
      y: { unit: 'ms', scale: 'log' },
      lines: [
        {
          label: 'p50',
          points: [
            [0, 0.2],
            [1, 0.3],
          ],
        },
        {
          label: 'p99',
          points: [
            [0, 1],
            [1, Number.NaN],
          ],
        },
      ],
    },
  ],
  notes: ['It breaks at 2 M/s.'],
}

describe('the document of the benches', () => {
  const text = performanceDocument([RESULT], (name) => (name === 'http' ? '## Over HTTP' : undefined))

  test('what is not met is said first, and nothing else is in that list', () => {
    assert.match(text, /1 of 3 bars are met\. \*\*Not met:\*\*/)
    assert.deepEqual(text.match(/^- http: .*$/gm), [
      '- http: IDs a second: 9 M/s, asked for: at least 10 M/s',
      '- http: lost: 3 IDs, asked for: at most 0 IDs',
    ])
  })

  test('a row says value, rounds, floor, ratio, bar and verdict', () => {
    assert.match(
      text,
      /^\| one ID \| 12\.3 µs \| 12 … 13 \| bare: 10 µs \| \*\*1\.24\*\* \| at most 1\.25 × \| met \|$/m,
    )
    assert.match(text, /^\| IDs a second \| 9 M\/s \|  \|  \|  \| at least 10 M\/s \| \*\*NOT met\*\* \|$/m)
  })

  test('machine, versions, conditions, tables, pictures and notes are in it', () => {
    for (const part of [
      '## Over HTTP',
      'Measured 2026-11-27 on AMD EPYC, 2 processors, 8 GB, Linux 6, virtual machine; idgen 1.2.3, node 24.21.0.',
      '- Over loopback.',
      '| 1,000 | a \\| b |',
      '](pictures/http.svg)',
      'It breaks at 2 M/s.',
    ])
      assert.ok(text.includes(part), part)
    assert.ok(!text.includes('short run'))
  })

  test('a result that names its commit says it, before the versions', () => {
    const named = performanceDocument([{ ...RESULT, commit: 'd93c2ee0b1' }], () => undefined)
    assert.match(named, /virtual machine; commit d93c2ee0b1, idgen 1\.2\.3, node 24\.21\.0\./)
  })

  test('the head and the chapter of gRPC say with how many callers its latency is what was asked for, and of one alone', () => {
    const row = (what: string, ratio: number) => ({
      what: `${what}, beside idgen HTTP`,
      value: 100 * ratio,
      unit: 'µs',
      floor: { what: 'idgen HTTP', value: 100 },
      ratio,
    })
    const grpc = (busy: number, alone: number): BenchResult => ({
      ...RESULT,
      bench: 'grpc',
      curves: [],
      rows: [
        row('unary, latency of 64 callers', busy),
        row('stream, latency of 64 callers', 0.37),
        row('unary, latency of one caller', alone),
        row('stream, latency of one caller', alone),
        row('bare node:http, latency of one caller', 0.875),
        row("unary, one caller with Node's library", 1.14),
        row("stream, one caller with Node's library", 0.63),
        row('unary, p50 of an open loop at half of all', 1.79),
        row('stream, p50 of an open loop at half of all', 0.96),
      ],
    })
    const of = (result: BenchResult) => performanceDocument([result], () => undefined)
    const said = of(grpc(0.433, 0.806))
    const [head = '', chapter = ''] = said.split('## grpc')
    for (const part of [head, chapter]) {
      assert.match(
        part,
        /With 64 callers at once it holds: unary calls take 57 % less \(43\.3 µs where HTTP takes 100\), a stream 63 % less\./,
      )
      assert.match(
        part,
        /With one caller alone it does \*\*not\*\* hold: unary calls take 19 % less \(80\.6 µs/,
      )
      assert.match(part, /bare node:http, which does nothing, takes 13 % less/)
      assert.match(part, /unary calls take 79 % more \(p50, .*\), a stream 4 % less\./)
      assert.match(part, /one caller sees 14 % more with unary calls and 37 % less on a stream/)
    }
    assert.match(
      of(grpc(0.71, 0.69)),
      /64 callers at once it holds on a stream only.*one caller alone it holds:/,
    )
    assert.doesNotMatch(of({ ...grpc(0.433, 0.806), form: 'short' }), /R-1\.4\.2/)
    assert.doesNotMatch(text, /R-1\.4\.2/)
  })

  test('a short run is marked as one', () => {
    assert.match(
      performanceDocument([{ ...RESULT, form: 'short' }], () => undefined),
      /\*\*A short run/,
    )
  })
})

describe('the pictures of the benches', () => {
  test('a bar that is met is blue, and the others say by how much they are missed', () => {
    const svg = drawBars([RESULT])
    assert.equal(svg.match(/<rect class="bar"/g)?.length, 1)
    assert.equal(svg.match(/<rect class="missed"/g)?.length, 2)
    for (const share of ['>99 %<', '>111 %<', '>3 IDs<']) assert.ok(svg.includes(share), share)
  })

  test('every curve has a line, a name and its units', () => {
    const svg = drawCurves(['http'], RESULT.curves ?? [])
    assert.equal(svg.match(/<polyline/g)?.length, 2)
    for (const part of ['>Latency, ms<', '>M/s<', '>p50<', '>p99<']) assert.ok(svg.includes(part), part)
    assert.ok(!svg.includes('NaN'))
  })
})
