import { fixed, frame, type Panel, PLOT } from './chart-frame.ts'
import { compact, line, type Point, ticksOf } from './chart-line.ts'
import { linearScale, logScale, type Scale } from './chart-scale.ts'
import type { LoadReport, SecondReport } from './load-report.ts'
import { grouped, milliseconds, planText } from './report-text.ts'

/**
 * The report as one SVG, readable on light and dark grounds, without scripts, fonts or anything to load:
 *
 *     title with all parameters, and what came out
 *     latency by percentile     answers a second over time
 *     latency histogram         p50 and p99 over time
 */
export function drawReport(report: LoadReport): string {
  const panels = [percentiles(report), rates(report), histogram(report), latencies(report)]
  return frame(titleOf(report), panels)
}

function titleOf(report: LoadReport): string[] {
  const { plan, check, failures, seconds, answersPerSecond, idsPerSecond, latency, tool } = report
  const duplicates =
    check === undefined
      ? 'duplicates not checked'
      : `${grouped(check.duplicates)} duplicates in ${grouped(check.checked)} IDs`
  const asked = plan.rate === undefined ? '' : ` of ${grouped(plan.rate)}`
  // Of runs they would say nothing but how long these are.
  const idsText = plan.form === 'runs' ? '' : `${grouped(idsPerSecond)} IDs/s, `
  return [
    'idgen bench',
    `${planText(plan)}, ${seconds.toFixed(0)} s`,
    `${grouped(answersPerSecond)}${asked} answers/s, ${idsText}p50 ${milliseconds(latency.p50)} ms, ` +
      `p99 ${milliseconds(latency.p99)} ms, ${grouped(failures)} failures, ${duplicates}`,
    `${report.startedAt}, idgen ${tool.version}, Node ${tool.node}, this tool: ${tool.cores.toFixed(2)} processors`,
  ]
}

/** The classical curve of HdrHistogram: each step to the right has a tenth as many above it. */
function percentiles(report: LoadReport): Panel {
  const { latencyClasses } = report
  const total = latencyClasses.reduce((sum, [, count]) => sum + count, 0)
  const nines = Math.max(1, Math.min(5, Math.floor(Math.log10(Math.max(total, 10)))))
  const x = linearScale(0, nines, PLOT.width)
  const y = latencyScale(report)
  let seen = 0
  const points: Point[] = []
  for (const [upToMs, count] of latencyClasses) {
    const at = Math.min(nines, -Math.log10(Math.max(1 - seen / Math.max(total, 1), 1e-9)))
    points.push([x.place(at), y.place(upToMs)])
    seen += count
  }
  points.push([x.place(nines), y.place(report.latency.max)])
  const labels = ['0 %', '90 %', '99 %', '99.9 %', '99.99 %', '99.999 %']
  return {
    title: 'Latency by percentile, ms',
    xTicks: labels.slice(0, nines + 1).map((label, i) => ({ at: x.place(i), label })),
    yTicks: ticksOf(y, String),
    marks: [line(points, 'first')],
    legend: [],
  }
}

function rates(report: LoadReport): Panel {
  const { plan } = report
  const shown = whole(report.intervals)
  const most = Math.max(1, plan.rate ?? 0, ...shown.map(perSecond))
  const x = timeScale(report)
  const y = linearScale(0, most, PLOT.height)
  const asked: Point[] =
    plan.rate === undefined
      ? []
      : [
          [0, y.place(plan.rate)],
          [PLOT.width, y.place(plan.rate)],
        ]
  return {
    title: 'Answers a second',
    xTicks: ticksOf(x, (s) => `${s} s`),
    yTicks: ticksOf(y, compact),
    marks: [
      ...(asked.length > 0 ? [line(asked, 'asked')] : []),
      line(
        shown.map((s): Point => [x.place(s.second - 0.5), y.place(perSecond(s))]),
        'first',
      ),
    ],
    legend:
      plan.rate === undefined
        ? []
        : [
            { kind: 'asked', label: 'asked for' },
            { kind: 'first', label: 'reached' },
          ],
  }
}

/** Bars of equal width on the logarithmic axis, each the sum of the classes in it. */
function histogram(report: LoadReport): Panel {
  const { latencyClasses } = report
  const x = latencyScale(report, PLOT.width)
  const bars = new Float64Array(BARS)
  for (const [upToMs, count] of latencyClasses) {
    const bar = Math.min(BARS - 1, Math.floor((x.place(upToMs) / PLOT.width) * BARS))
    bars[bar] = (bars[bar] ?? 0) + count
  }
  const total = Math.max(
    1,
    bars.reduce((sum, count) => sum + count, 0),
  )
  const y = linearScale(0, Math.max(...bars) / total || 1, PLOT.height)
  const width = PLOT.width / BARS
  const marks = Array.from(bars, (count, i) => {
    const height = y.place(count / total)
    const at = `x="${fixed(i * width + 0.5)}" y="${fixed(PLOT.height - height)}"`
    return count === 0
      ? ''
      : `<rect class="bar" ${at} width="${fixed(width - 1)}" height="${fixed(height)}"/>`
  })
  return {
    title: 'Share of the answers by latency, ms',
    xTicks: ticksOf(x, String),
    yTicks: ticksOf(y, (share) => `${Number((share * 100).toPrecision(3))} %`),
    marks,
    legend: [],
  }
}

function latencies(report: LoadReport): Panel {
  const shown = whole(report.intervals).filter(({ answers }) => answers > 0)
  const x = timeScale(report)
  const y = latencyScale(report)
  const curve = (of: 'p50' | 'p99'): Point[] =>
    shown.map((s): Point => [x.place(s.second - 0.5), y.place(s[of])])
  return {
    title: 'Latency over time, ms',
    xTicks: ticksOf(x, (s) => `${s} s`),
    yTicks: ticksOf(y, String),
    marks: [line(curve('p99'), 'second'), line(curve('p50'), 'first')],
    legend: [
      { kind: 'first', label: 'p50' },
      { kind: 'second', label: 'p99' },
    ],
  }
}

function latencyScale({ latencyClasses, latency }: LoadReport, length: number = PLOT.height): Scale {
  const least = latencyClasses[0]?.[0] ?? 0.1
  return logScale(Math.max(least, 0.01), Math.max(latency.max, least * 10), length)
}

/** The last one is a rest of a second, which says little. */
function whole(intervals: readonly SecondReport[]): readonly SecondReport[] {
  const long = intervals.filter(({ ms }) => ms >= LONG_ENOUGH_MS)
  return long.length > 0 ? long : intervals
}

function timeScale({ intervals, seconds }: LoadReport): Scale {
  return linearScale(0, Math.max(1, whole(intervals).length, seconds), PLOT.width, 'exact')
}

function perSecond({ answers, ms }: SecondReport): number {
  return (answers * 1000) / Math.max(ms, 1)
}

const BARS = 48
const LONG_ENOUGH_MS = 500
