import type { IdGenerator } from '../api/kinds.ts'
import { type Line, type Look, line, type Span, span } from './styled-line.ts'
import { symbolsFor } from './symbols.ts'

interface ShownStep {
  /** Percent. */
  readonly weight: string
  /** "24h"; "" where it is not held. */
  readonly hold: string
  readonly approval: boolean
}

/** The steps that the rollout follows: those of its status, because the first deployment takes none of the spec's. */
export function stepsOf({ spec, status }: IdGenerator): readonly ShownStep[] {
  const text = status?.rollout?.stepsHash
  const read = text?.split(' ').map((one) => /^(\d+)(?:@([^+]+))?(\+approval)?$/.exec(one))
  if (read === undefined || read.some((match) => match === null))
    return spec.canary.steps.map(({ weight, hold, requireApproval }) => ({
      weight: String(weight),
      hold: hold === '0s' ? '' : hold,
      approval: requireApproval,
    }))
  return read.map((match) => ({
    weight: match?.[1] ?? '',
    hold: match?.[2] ?? '',
    approval: match?.[3] !== undefined,
  }))
}

/** ✔ 5% ━━━━━━ ● 50% ────── ○ 100%, over the width of the terminal. */
export function rolloutBar(generator: IdGenerator, look: Look): Line {
  const steps = stepsOf(generator)
  const { state = 'Progressing', stepIndex = 0 } = generator.status?.rollout ?? {}
  const symbols = symbolsFor(look)
  const labels = steps.reduce((sum, { weight }) => sum + weight.length + LABEL_BESIDE_WEIGHT, INDENT)
  const room = Math.min(look.width, WIDEST) - labels
  const bar = Math.max(1, Math.min(BAR_MAX, Math.floor(room / Math.max(1, steps.length - 1)) - 2))
  const parts = steps.flatMap(({ weight }, at): Span[] => {
    const done = state === 'Promoted' || at < stepIndex
    const current = state !== 'Promoted' && at === stepIndex
    const failed = current && state === 'RolledBack'
    const symbol = done ? symbols.done : failed ? symbols.failed : current ? symbols.current : symbols.toCome
    const tone = done ? 'good' : failed ? 'bad' : current ? 'wait' : 'faint'
    const behind = done ? symbols.doneBar : symbols.toComeBar
    const last = at === steps.length - 1
    return [
      span(`${symbol} ${weight}%`, tone),
      ...(last ? [] : [span(` ${behind.repeat(bar)} `, done ? 'good' : 'faint')]),
    ]
  })
  return line(' '.repeat(INDENT), ...parts)
}

const INDENT = 2
/** Symbol, blank, percent sign. */
const LABEL_BESIDE_WEIGHT = 3
/** Longer bars say no more. */
const BAR_MAX = 16
const WIDEST = 100
