/**
 * How many seconds each certificate has left that must be renewed now; `end` and `start` are metrics with their selectors.
 * Those of a week or less are renewed within days: for them a fifth of their life is what is too little. Processes of a
 * version that does not tell the start are held to seven days.
 */
export function endsSoon(end: string, start: string): string {
  return `${end} - time() < 7 * 86400 unless ${end} - time() > 0.2 * (${end} - ${start})`
}
