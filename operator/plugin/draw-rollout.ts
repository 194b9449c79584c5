import type { IdGeneratorStatusRollout } from '../api/generated/id-generator.ts'
import { parseTimestamp } from '../core/timestamp.ts'
import type { GeneratorView } from './generator-view.ts'
import { rolloutBar, stepsOf } from './rollout-bar.ts'
import { type Line, type Look, line, type Span, span, wrapped } from './styled-line.ts'
import { ago, pointInTime, timeSpan } from './time-span.ts'

/** The rollout under way, or how the last one ended. */
export function drawRollout(view: GeneratorView, look: Look): Line[] {
  const { generator, nowMs } = view
  const rollout = generator.status?.rollout
  if (rollout?.revision === undefined) return []
  const { revision, startedAt, finishedAt, state } = rollout
  const begun = startedAt === undefined ? '' : `started ${ago(startedAt, nowMs)}`
  const when = state === 'Progressing' ? begun : ago(finishedAt, nowMs)
  return [
    line(
      span('Rollout', 'strong'),
      ' of ',
      span(revision, 'name'),
      '  ',
      stateSpan(state),
      '  ',
      span(when, 'faint'),
    ),
    rolloutBar(generator, look),
    ...(state === 'Progressing' ? progress(view, rollout, look) : ending(rollout, look)),
    [],
  ]
}

function stateSpan(state: IdGeneratorStatusRollout['state']): Span {
  const tone = state === 'Promoted' ? 'good' : state === 'RolledBack' ? 'bad' : 'wait'
  return span(state === 'RolledBack' ? 'Rolled back' : (state ?? 'Unknown'), tone)
}

function ending({ message = '' }: IdGeneratorStatusRollout, look: Look): Line[] {
  return message === '' ? [] : wrapped(sentence(message), look, 2)
}

function progress(view: GeneratorView, rollout: IdGeneratorStatusRollout, look: Look): Line[] {
  const { generator, nowMs } = view
  const { stepIndex = 0, desiredWeight = 0, actualWeight = 0, pause, promoteFull, message = '' } = rollout
  const steps = stepsOf(generator)
  const share =
    actualWeight === desiredWeight ? `${desiredWeight} %` : `${actualWeight} % (${desiredWeight} % wanted)`
  const first = line(`  Step ${stepIndex + 1} of ${steps.length}, share ${share}`)
  const lines: Line[] = [first]
  if (promoteFull === true) lines.push(line('  Somebody wants all of it now: no holds, no analysis.'))
  switch (pause?.reason) {
    case undefined:
      return [...lines, ...(message === '' ? [] : wrapped(sentence(message), look, 2, 'wait'))]
    case 'Hold':
      return [
        ...lines,
        hold(pause.until, steps[stepIndex]?.hold ?? '', nowMs),
        advice('promote', view, 'ends it now'),
      ]
    case 'Approval':
      return [
        ...lines,
        waiting('Waits for approval', pause.since, nowMs),
        advice('promote', view, 'approves it'),
      ]
    case 'User':
      return [...lines, waiting('Paused by somebody', pause.since, nowMs), advice('resume', view, 'goes on')]
    case 'Inconclusive':
    case 'AnalysisError':
      return [
        ...lines,
        waiting(
          pause.reason === 'Inconclusive' ? 'Waits for a clear judgement' : 'Cannot be judged',
          pause.since,
          nowMs,
        ),
        ...wrapped(sentence(message), look, 2),
        advice('promote', view, 'goes on all the same'),
        advice('abort', view, 'goes back'),
      ]
  }
}

function hold(until: string | undefined, length: string, nowMs: number): Line {
  const untilMs = until === undefined ? undefined : parseTimestamp(until)
  if (until === undefined || untilMs === undefined) return line('  ', span('Held', 'wait'))
  const left = untilMs <= nowMs ? 'is over' : `${timeSpan(untilMs - nowMs)} left`
  const of = length === '' ? '' : ` of ${length}`
  return line('  ', span(`Hold: ${left}`, 'wait'), `${of}, until ${pointInTime(until)}`)
}

function waiting(what: string, since: string | undefined, nowMs: number): Line {
  const sinceMs = since === undefined ? undefined : parseTimestamp(since)
  const how = sinceMs === undefined ? '' : `, for ${timeSpan(Math.max(0, nowMs - sinceMs))}`
  return line('  ', span(what, 'wait'), how)
}

/** What to type, and what it does. */
function advice(command: string, { generator, flags }: GeneratorView, effect: string): Line {
  return line(
    '  ',
    span(`kubectl idgen ${command} ${generator.metadata.name}${flags}`, 'name'),
    `  ${effect}`,
  )
}

/** Begins with a capital letter, where that is no change of a name, and ends with a full stop. */
export function sentence(text: string): string {
  const begun = /^[a-z]+(?![\w:/.-])/.test(text) ? text.slice(0, 1).toUpperCase() + text.slice(1) : text
  return /[.!?]$/.test(begun) ? begun : `${begun}.`
}
