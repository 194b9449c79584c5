import type { ProofConfiguration } from './proof-run.ts'

/** What TLC said of one configuration. */
export interface ProofFinding {
  /** failed: it did not finish, or the model has a fault. never run: not with the model and constants as they are. */
  readonly verdict: 'holds' | 'violated' | 'failed' | 'never run'
  /** Distinct ones. */
  readonly states: number
  /** Of a model that holds: steps to the state that is farthest away. Of a violation: steps of its shortest trace. */
  readonly depth: number
}

export interface ProofResult extends ProofFinding {
  readonly configuration: ProofConfiguration
  readonly seconds: number
}

/** The .cfg file of one configuration. @throws Error when `set` names a constant that the model has not */
export function configurationText(constants: string, { model, set }: ProofConfiguration): string {
  let text = constants
  for (const [name, value] of Object.entries(set)) {
    const line = new RegExp(`^  ${name} = .*$`, 'm')
    if (!line.test(text)) throw new Error(`the model ${model} has no constant ${name}`)
    text = text.replace(line, () => `  ${name} = ${constantText(name, value)}`)
  }
  return text
}

function constantText(name: string, value: string | number | boolean): string {
  if (name === 'Instances') return `{${MODEL_VALUES.slice(0, Number(value)).join(', ')}}`
  if (typeof value === 'boolean') return value ? 'TRUE' : 'FALSE'
  return typeof value === 'number' ? String(value) : `"${value}"`
}

export function readOutput(output: string): ProofFinding {
  const states = Number(
    /([\d,]+) distinct states found, [\d,]+ states left/.exec(lastCount(output))?.[1] ?? 0,
  )
  const trace = [...output.matchAll(/^State (\d+): /gm)].length
  const depth = Number(/The depth of the complete state graph search is (\d+)/.exec(output)?.[1] ?? 0)
  if (/Error: Invariant \w+ is violated/.test(output))
    return { verdict: 'violated', states, depth: trace - 1 }
  if (output.includes('Model checking completed. No error has been found'))
    return { verdict: 'holds', states, depth: depth - 1 }
  return { verdict: 'failed', states, depth }
}

/** The last line that counts states, without the digit separators of the progress lines. */
function lastCount(output: string): string {
  const lines = output.split('\n').filter((line) => line.includes('distinct states found'))
  return (lines.at(-1) ?? '').replace(/(\d),(?=\d)/g, '$1')
}

export function resultsDocument(results: readonly ProofResult[]): string {
  const ran = results.filter(({ verdict }) => verdict !== 'never run')
  const total = ran.reduce((sum, { seconds }) => sum + seconds, 0)
  const states = ran.reduce((sum, result) => sum + result.states, 0)
  const never = results.length - ran.length
  const rows = results.map(({ configuration, verdict, states: found, depth, seconds }) => {
    const { model, name, expect } = configuration
    const wrong = verdict === expect || verdict === 'never run' ? '' : ` (**expected: ${expect}**)`
    return `| ${model} | ${name} | ${verdict}${wrong} | ${found} | ${depth} | ${seconds.toFixed(1)} |`
  })
  return [
    '# Results of the model check',
    '',
    'Written by `make proofs`; [README.md](README.md) says what the models are and what a row means. Steps: of a model that',
    'holds, the number of steps to its farthest state; of a violation, the length of the shortest trace to it.',
    '',
    '| model | configuration | verdict | states | steps | seconds |',
    '|---|---|---|---:|---:|---:|',
    ...rows,
    '',
    `${ran.length} configurations were run: ${states} distinct states, ${Math.round(total)} seconds of a core. ${never} were never run.`,
    '',
  ].join('\n')
}

/** Names of instances in a .cfg file: TLC takes them for values of their own kind. */
const MODEL_VALUES = ['A', 'B', 'C', 'D']
