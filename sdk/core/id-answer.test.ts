import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkAnswer, type IdAnswer, type IdRun } from './id-answer.ts'

function check(count: number, answer: Partial<IdAnswer>, form: 'runs' | 'text' = 'runs'): void {
  const whole = { runs: [], texts: [], algorithm: undefined, degraded: false, ...answer }
  checkAnswer(whole, { path: 'a/b/c', count, form }, 'http://a')
}

function runs(...pairs: [first: bigint, count: number][]): { runs: IdRun[] } {
  return { runs: pairs.map(([first, count]) => ({ first, count })) }
}

test('an answer that is what was asked for passes', () => {
  check(5, runs([0n, 2], [2n, 3]))
  check(1, runs([2n ** 63n - 1n, 1]))
  check(2, { texts: ['18446744', '01984f0e-5b6a-7c3f-8f6e-2f0b7c1d9e5a'] }, 'text')
})

test('an answer that could hold an ID twice, or somebody else’s, is refused with what is wrong', () => {
  const refused: [RegExp, () => void][] = [
    [/2 IDs instead of 3/, () => check(3, runs([1n, 2]))],
    [/4 IDs instead of 3/, () => check(3, runs([1n, 4]))],
    [/0 IDs instead of 1/, () => check(1, {})],
    [/a run at 2, which is not above/, () => check(4, runs([1n, 2], [2n, 2]))],
    [/a run at -1/, () => check(1, runs([-1n, 1]))],
    [/above 2\^63/, () => check(2, runs([2n ** 63n - 1n, 2]))],
    [/a run of 0/, () => check(0, runs([1n, 0]))],
    [/a run of 1.5/, () => check(1.5, runs([1n, 1.5]))],
    [/texts instead of runs/, () => check(2, { ...runs([1n, 1]), texts: ['1'] })],
    [/runs instead of texts/, () => check(1, runs([1n, 1]), 'text')],
    [/"a b", which is no ID/, () => check(1, { texts: ['a b'] }, 'text')],
    [/"", which is no ID/, () => check(1, { texts: [''] }, 'text')],
  ]
  for (const [message, checked] of refused)
    assert.throws(checked, (error: Error) => {
      assert.match(error.message, message)
      assert.match(JSON.stringify(error), /IDGEN_CLIENT_ANSWER_INVALID/)
      return true
    })
})

test('texts in the format of a tag pass, and where runs were asked for the caller is told what to ask', () => {
  check(2, { texts: ['INV-20261127-000042/EU', 'fFgnDxSe7'] }, 'text')
  assert.throws(
    () => check(1, { texts: ['INV-1'] }),
    (error: Error) =>
      /IDGEN_CLIENT_WRONG_KIND/.test(JSON.stringify(error)) && /client\.texts/.test(error.message),
  )
})
