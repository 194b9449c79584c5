/** short: what CI has the time for. long: all scenarios, more tags, longer holds. */
export const FORM: 'short' | 'long' = process.env['E2E'] === 'short' ? 'short' : 'long'

/** For who works on the tests: a cluster that runs is used as it is, and left running. */
export const KEEPS_CLUSTER = process.env['E2E_KEEP'] === '1'
