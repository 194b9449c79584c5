/**
 * PostgreSQL's int8 as a number. 2^53 itself is let through: it is the exclusive end of a tag's number space.
 * @throws RangeError beyond ±2^53, where a double would silently name another number
 */
export function parseInt8(text: string): number {
  const value = Number(text)
  // 2^53 + 1 reads as 2^53: only printing it again shows the difference.
  if (Math.abs(value) <= 2 ** 53 && String(value) === text) return value
  throw new RangeError(`int8 value ${text} is not exact as a JavaScript number`)
}
