/**
 * How many IDs a body asks for that asks for IDs as text and for nothing else, as clients write it, with the spaces that
 * Python puts in. undefined: it says something else, or the same in other words; which of them is for the router to tell.
 */
export function countAsText(body: string): number | undefined {
  if (ONE.has(body)) return 1
  const digits = COUNT.exec(body)?.[1]
  return digits === undefined ? undefined : Number(digits)
}

/** Longer ones say more than that. */
export const PLAIN_BODY_MAX = 32
const ONE: ReadonlySet<string> = new Set([
  '{}',
  '{"count":1}',
  '{"count": 1}',
  '{"as":"text"}',
  '{"as": "text"}',
])
/** Seven digits are more than any limit allows; no leading zero, which is no JSON. */
const COUNT = /^\{"count": ?([1-9]\d{0,6})(?:, ?"as": ?"text")?\}$/
