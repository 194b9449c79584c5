/**
 * The smallest of the `count` largest of these whole numbers below 2³²; 0 where there are not more than that. From the first
 * digit to the last it counts which digits there are: four looks at each number, whatever their order, where a sort of 65,000
 * numbers blocks its thread for 20 ms.
 */
export function leastOfLargest(numbers: Uint32Array, count: number): number {
  if (numbers.length <= count) return 0
  let prefix = 0
  let wanted = count
  for (let shift = 24; shift >= 0; shift -= DIGIT_BITS) {
    const having = new Uint32Array(1 << DIGIT_BITS)
    // By index: an iterator costs several times as much.
    for (let i = 0; i < numbers.length; i += 1) {
      const number = numbers[i] ?? 0
      if ((number >>> shift) >>> DIGIT_BITS !== prefix) continue
      const digit = (number >>> shift) & LAST_DIGIT
      having[digit] = (having[digit] ?? 0) + 1
    }
    let digit = LAST_DIGIT
    for (; digit > 0 && (having[digit] ?? 0) < wanted; digit -= 1) wanted -= having[digit] ?? 0
    prefix = ((prefix << DIGIT_BITS) | digit) >>> 0
  }
  return prefix
}

const DIGIT_BITS = 8
const LAST_DIGIT = (1 << DIGIT_BITS) - 1
