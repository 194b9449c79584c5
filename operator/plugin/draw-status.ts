import { drawAnalysis } from './draw-analysis.ts'
import { drawBlocked, drawRevisions } from './draw-revisions.ts'
import { drawRollout } from './draw-rollout.ts'
import { drawTagSummary } from './draw-tags.ts'
import { condition, type GeneratorView } from './generator-view.ts'
import { type Line, type Look, line, type Span, span, wrapped } from './styled-line.ts'
import { symbolsFor } from './symbols.ts'
import { table, withoutMiddle } from './table.ts'
import { ago } from './time-span.ts'

/** One IdGenerator, from what it is to what happened last. */
export function drawStatus(view: GeneratorView, look: Look): Line[] {
  return [
    ...drawHeader(view, look),
    ...drawProblems(view, look),
    ...drawRollout(view, look),
    ...drawAnalysis(view, look),
    ...drawRevisions(view, look),
    ...drawBlocked(view, look),
    ...drawTagSummary(view, look),
    ...drawEvents(view, look),
    ...view.gaps.flatMap((gap) => wrapped(gap, look, 0, 'wait')),
  ]
}

function drawHeader({ generator }: GeneratorView, look: Look): Line[] {
  const { metadata, spec, status } = generator
  const title = line(
    span('IdGenerator ', 'faint'),
    span(`${metadata.namespace}/${metadata.name}`, 'strong'),
    '  ',
    ...readySpans(generator.status?.conditions, look),
  )
  const ready = condition(status?.conditions, 'Ready')
  const facts: readonly (readonly [string, Line])[] = [
    ['Stable', revisionLine(status?.stableRevision, status?.stableImage, look)],
    ['Canary', revisionLine(status?.canaryRevision, status?.rollout?.image, look)],
    ['Share', line(status?.share ?? '')],
    ['Pods', line(status?.readyOfDesired === undefined ? '' : `${status.readyOfDesired} ready`)],
    ['Data centre', line(String(spec.datacenter))],
    [
      'Numbers used',
      line(status?.usedPercent === undefined ? '' : `${status.usedPercent}% of the fullest tag`),
    ],
  ]
  return [
    title,
    ...(ready === undefined || ready.message === '' ? [] : wrapped(ready.message, look, 2)),
    ...facts
      .filter(([, value]) => value.some(({ text }) => text !== ''))
      .map(([name, value]) => line('  ', span(name.padEnd(NAME_COLUMNS), 'faint'), ...value)),
    [],
  ]
}

function revisionLine(revision: string | undefined, image: string | undefined, look: Look): Line {
  if (revision === undefined) return []
  const room = look.width - 2 - NAME_COLUMNS - revision.length - 2
  return line(span(revision, 'name'), `  ${withoutMiddle(image ?? '', Math.max(12, room), look)}`)
}

/** Of the names of facts. */
const NAME_COLUMNS = 14

type Conditions = NonNullable<GeneratorView['generator']['status']>['conditions']

function readySpans(conditions: Conditions, look: Look): Span[] {
  const ready = condition(conditions, 'Ready')
  const symbols = symbolsFor(look)
  if (ready === undefined) return [span(`${symbols.unknown} the operator has not looked at it yet`, 'wait')]
  return ready.status === 'True'
    ? [span(`${symbols.done} Ready`, 'good'), span(`  ${ready.reason}`, 'faint')]
    : [span(`${symbols.failed} Not ready`, 'bad'), span(`  ${ready.reason}`, 'faint')]
}

/** Conditions that are not as they should be, beside Ready, which the header tells. */
function drawProblems({ generator }: GeneratorView, look: Look): Line[] {
  const wrong = (generator.status?.conditions ?? []).filter(
    ({ type, status }) =>
      (GOOD_WHEN_TRUE.has(type) && status === 'False') || (type === 'Stalled' && status === 'True'),
  )
  if (wrong.length === 0) return []
  return [
    ...wrong.flatMap(({ type, reason, message }) => [
      line('  ', span(symbolsFor(look).failed, 'bad'), ` ${type}: `, span(reason, 'bad')),
      ...(message === '' ? [] : wrapped(message, look, 4)),
    ]),
    [],
  ]
}

const GOOD_WHEN_TRUE = new Set(['Available', 'DatabaseReady', 'CredentialsValid', 'RolloutHealthy'])

function drawEvents({ events, nowMs }: GeneratorView, look: Look): Line[] {
  if (events.length === 0) return []
  const lines = events
    .slice(0, EVENTS_SHOWN)
    .flatMap(({ type, reason, note, at, count }) => [
      line(
        '  ',
        span(ago(at, nowMs).padEnd(11), 'faint'),
        span(reason, type === 'Warning' ? 'bad' : 'plain'),
        count > 1 ? ` (${count} times)` : '',
      ),
      ...wrapped(note, look, 4, 'faint'),
    ])
  return [line(span('Events', 'strong')), ...lines]
}

/** kubectl describe shows all. */
const EVENTS_SHOWN = 5

function shortState(conditions: Conditions, look: Look): Line {
  return condition(conditions, 'Ready') === undefined
    ? [span(`${symbolsFor(look).unknown} New`, 'wait')]
    : readySpans(conditions, look)
}

/** All IdGenerators of a namespace, one a line. */
export function drawList(generators: readonly GeneratorView['generator'][], look: Look): Line[] {
  const rows = generators.map(({ metadata, status }) => [
    span(metadata.name, 'name'),
    shortState(status?.conditions, look),
    status?.readyOfDesired ?? '-',
    status?.stableRevision ?? '-',
    status?.canaryRevision ?? '-',
    status?.share ?? '-',
  ])
  return table(['NAME', 'STATE', 'PODS', 'STABLE', 'CANARY', 'SHARE'], rows, look)
}
