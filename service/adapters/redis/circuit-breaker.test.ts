import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { MemoryClock } from '../memory/memory-clock.ts'
import { CircuitBreaker } from './circuit-breaker.ts'

function opened(): { clock: MemoryClock; breaker: CircuitBreaker } {
  const clock = new MemoryClock()
  const breaker = new CircuitBreaker(clock)
  for (let i = 0; i < 3; i += 1) {
    assert.equal(breaker.tryPass(), true)
    assert.equal(breaker.failed(), i === 2)
  }
  return { clock, breaker }
}

describe('CircuitBreaker', () => {
  test('stays closed while failures are not three in a row', () => {
    const breaker = new CircuitBreaker(new MemoryClock())
    for (let i = 0; i < 20; i += 1) {
      assert.equal(breaker.tryPass(), true)
      if (i % 3 === 2) breaker.succeeded()
      else breaker.failed()
    }
    assert.equal(breaker.open, false)
  })

  test('opens at the third failure in a row and lets nobody through for a second', () => {
    const { clock, breaker } = opened()
    assert.equal(breaker.open, true)
    clock.advance(999)
    assert.equal(breaker.tryPass(), false)
  })

  test('lets one probe through when its time is over, and only one', () => {
    const { clock, breaker } = opened()
    clock.advance(1000)
    assert.equal(breaker.tryPass(), true)
    assert.equal(breaker.tryPass(), false)
    clock.advance(60_000)
    assert.equal(breaker.tryPass(), false)
  })

  test('a probe that succeeds closes it for everybody', () => {
    const { clock, breaker } = opened()
    clock.advance(1000)
    breaker.tryPass()
    breaker.succeeded()
    assert.equal(breaker.open, false)
    assert.equal(breaker.tryPass(), true)
    assert.equal(breaker.tryPass(), true)
    breaker.failed()
    assert.equal(breaker.open, false)
  })

  test('every failed probe doubles the wait, up to ten seconds', () => {
    const { clock, breaker } = opened()
    for (const waitMs of [1000, 2000, 4000, 8000, 10_000, 10_000]) {
      clock.advance(waitMs - 1)
      assert.equal(breaker.tryPass(), false)
      clock.advance(1)
      assert.equal(breaker.tryPass(), true)
      assert.equal(breaker.failed(), false)
    }
  })

  test('failures of calls that began before it opened do not make the wait longer', () => {
    const { clock, breaker } = opened()
    clock.advance(500)
    for (let i = 0; i < 10; i += 1) breaker.failed()
    clock.advance(500)
    assert.equal(breaker.tryPass(), true)
  })
})
