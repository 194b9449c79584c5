import type {
  IdGeneratorSpecCanaryAnalysisMetric,
  IdGeneratorStatusRolloutAnalysis,
  IdGeneratorStatusRolloutAnalysisSample,
} from '../api/generated/id-generator.ts'
import { sentence } from './draw-rollout.ts'
import type { GeneratorView } from './generator-view.ts'
import { sparkline } from './sparkline.ts'
import { type Line, type Look, line, span, type Tone, wrapped } from './styled-line.ts'
import { type Symbols, symbolsFor } from './symbols.ts'
import { type Cell, table } from './table.ts'
import { ago } from './time-span.ts'

type Verdict = NonNullable<IdGeneratorStatusRolloutAnalysisSample['verdict']>

/** What was measured of the new revision beside the stable one, judgement by judgement. */
export function drawAnalysis({ generator, nowMs }: GeneratorView, look: Look): Line[] {
  const { spec, status } = generator
  const analysis = status?.rollout?.analysis
  if (analysis === undefined) return []
  const { phase = 'Waiting', samples = [] } = analysis
  const symbols = symbolsFor(look)
  const newest = samples.at(-1)
  const title = line(
    span('Analysis', 'strong'),
    '  ',
    span(PHASES[phase].text, PHASES[phase].tone),
    span(newest === undefined ? '' : `  judged ${ago(newest.at, nowMs)}`, 'faint'),
  )
  if (newest === undefined) return [title, []]
  const names = [...new Set(samples.flatMap(({ metrics = [] }) => metrics.map(({ name = '' }) => name)))]
  const rows = names.map((name) => row(name, samples, spec.canary.analysis.metrics, symbols))
  const worst = samples.findLast(({ message = '' }) => message !== '')
  return [
    title,
    line(
      '  Last ',
      `${samples.length}: `,
      ...samples.map(({ verdict = 'NoData' }) => mark(verdict, symbols)),
      ...inARow(analysis, spec.canary.analysis),
    ),
    ...(rows.length === 0
      ? []
      : table(['METRIC', 'CANARY', 'STABLE', 'LIMIT', 'REQUESTS', 'VERDICT', 'TREND'], rows, look)),
    ...(worst === undefined
      ? []
      : wrapped(
          `${ago(worst.at, nowMs)}: ${sentence(worst.message ?? '')}`,
          look,
          2,
          VERDICTS[worst.verdict ?? 'NoData'],
        )),
    [],
  ]
}

function row(
  name: string,
  samples: readonly IdGeneratorStatusRolloutAnalysisSample[],
  bounds: readonly IdGeneratorSpecCanaryAnalysisMetric[],
  symbols: Symbols,
): Cell[] {
  const series = samples.map(({ metrics = [] }) => metrics.find((metric) => metric.name === name))
  const newest = series.at(-1)
  const bound = bounds.find((one) => one.name === name)
  const max = bound?.max === undefined ? undefined : Number(bound.max)
  const verdict = newest?.verdict ?? 'NoData'
  const points = series.map((metric) => ({
    value: metric?.canary === undefined ? undefined : Number(metric.canary),
    tone: VERDICTS[metric?.verdict ?? 'NoData'],
  }))
  return [
    name,
    newest?.canary ?? '-',
    newest?.stable ?? '-',
    limitText(bound, symbols),
    String(newest?.samples ?? 0),
    span(verdict, VERDICTS[verdict]),
    sparkline(points, max, symbols),
  ]
}

function limitText(bound: IdGeneratorSpecCanaryAnalysisMetric | undefined, symbols: Symbols): string {
  const { max, maxRatioToStable } = bound ?? {}
  const parts = [
    ...(max === undefined ? [] : [`${symbols.atMost}${max}`]),
    ...(maxRatioToStable === undefined ? [] : [`${symbols.atMost}${maxRatioToStable}${symbols.times}`]),
  ]
  // Repeated IDs and restarts have no limit that anybody sets.
  return parts.length === 0 ? '-' : parts.join(' ')
}

function inARow(
  { consecutiveFailures = 0, consecutiveErrors = 0 }: IdGeneratorStatusRolloutAnalysis,
  { failureLimit, errorLimit }: { readonly failureLimit: number; readonly errorLimit: number },
): Line {
  const parts = [
    ...(consecutiveFailures === 0
      ? []
      : [span(`  ${consecutiveFailures} failed in a row, more than ${failureLimit} go back`, 'bad')]),
    ...(consecutiveErrors === 0
      ? []
      : [span(`  ${consecutiveErrors} without an answer in a row, more than ${errorLimit} go back`, 'wait')]),
  ]
  return parts
}

function mark(verdict: Verdict, { done, failed, unknown }: Symbols): { text: string; tone: Tone } {
  return span(verdict === 'Pass' ? done : verdict === 'Fail' ? failed : unknown, VERDICTS[verdict])
}

const VERDICTS: Readonly<Record<Verdict, Tone>> = {
  Pass: 'good',
  NoData: 'faint',
  Inconclusive: 'wait',
  Error: 'wait',
  Fail: 'bad',
}

const PHASES: Readonly<
  Record<
    NonNullable<IdGeneratorStatusRolloutAnalysis['phase']>,
    { readonly text: string; readonly tone: Tone }
  >
> = {
  Waiting: { text: 'Waiting for the first judgement', tone: 'faint' },
  Passing: { text: 'Passing', tone: 'good' },
  Failing: { text: 'Failing', tone: 'bad' },
  NoData: { text: 'Too few requests to judge', tone: 'faint' },
  Inconclusive: { text: 'Inconclusive', tone: 'wait' },
  Error: { text: 'Cannot be judged', tone: 'wait' },
}
