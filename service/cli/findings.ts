import { IdgenError } from '../core/errors.ts'
import { bad, type Finding, good } from '../core/finding.ts'

export interface Check<T> {
  readonly what: string
  readonly ask: () => T | Promise<T>
  /** What an answer means; a text alone: all is well. */
  readonly tell: (answer: T) => string | Finding
  /** What to do where asking fails; left out: the error says it. */
  readonly todo?: string
}

/** Asks, and notes the answer or the error. @returns the answer; undefined: there was none */
export async function check<T>(
  findings: Finding[],
  { what, ask, tell, todo = '' }: Check<T>,
): Promise<T | undefined> {
  try {
    const answer = await ask()
    const told = tell(answer)
    findings.push(typeof told === 'string' ? good(what, told) : told)
    return answer
  } catch (thrown) {
    findings.push(bad(what, faultText(thrown), todo))
    return undefined
  }
}

/** As `check` notes it. */
export function faultText(thrown: unknown): string {
  const error = IdgenError.from(thrown)
  const faults = error.faults.map(({ path, message }) => `${path} ${message}`).join('; ')
  return `${error.message}${faults === '' ? '' : ` (${faults})`} [${error.code}]`
}
