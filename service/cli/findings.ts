import { IdgenError } from '../core/errors.ts'

/** One line of the doctor. */
export interface Finding {
  readonly ok: boolean
  readonly what: string
  readonly found: string
}

/** Asks, and notes the answer or the error. */
export async function check<T>(
  findings: Finding[],
  what: string,
  ask: () => Promise<T>,
  tell: (answer: T) => string,
): Promise<T | undefined> {
  try {
    const answer = await ask()
    findings.push({ ok: true, what, found: tell(answer) })
    return answer
  } catch (thrown) {
    const error = IdgenError.from(thrown)
    const faults = error.faults.map(({ path, message }) => `${path} ${message}`).join('; ')
    findings.push({
      ok: false,
      what,
      found: `${error.message}${faults === '' ? '' : ` (${faults})`} [${error.code}]`,
    })
    return undefined
  }
}
