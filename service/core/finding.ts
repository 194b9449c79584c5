/** `warning`: it works, and somebody should look. */
export type Verdict = 'ok' | 'warning' | 'bad'

/** What was looked at, what was found and what to do, in words for people: a line of `idgen doctor` and of /status. */
export interface Finding {
  readonly verdict: Verdict
  readonly what: string
  readonly found: string
  /** Left out where nothing is to be done. */
  readonly todo?: string
}

export function good(what: string, found: string): Finding {
  return { verdict: 'ok', what, found }
}

export function warning(what: string, found: string, todo: string): Finding {
  return { verdict: 'warning', what, found, todo }
}

export function bad(what: string, found: string, todo: string): Finding {
  return { verdict: 'bad', what, found, todo }
}

/** The worst of them. */
export function verdictOf(findings: readonly Finding[]): Verdict {
  const verdicts = new Set(findings.map(({ verdict }) => verdict))
  if (verdicts.has('bad')) return 'bad'
  return verdicts.has('warning') ? 'warning' : 'ok'
}
