import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { IdOdometer } from './id-odometer.ts'
import { ReplyBuffer } from './reply-buffer.ts'

function put(odometer: IdOdometer, value: bigint): void {
  odometer.set(Number(value >> 32n), Number(value & 0xffff_ffffn))
}

/** What it prints from `first` on, alternating integers and strings. */
function printed(first: bigint, count: number): string {
  const odometer = new IdOdometer()
  const out = new ReplyBuffer()
  put(odometer, first)
  for (let i = 0; i < count; i += 1) {
    if (i % 2 === 0) odometer.printInteger(out)
    else odometer.printString(out)
  }
  return out.taken().toString('latin1')
}

function expected(first: bigint, count: number): string {
  return Array.from({ length: count }, (_, i) => {
    const text = String(first + BigInt(i))
    return i % 2 === 0 ? `:${text}\r\n` : `$${text.length}\r\n${text}\r\n`
  }).join('')
}

for (const first of [
  0n,
  1n,
  8n,
  98n,
  999_999n,
  2n ** 32n - 3n,
  2n ** 53n - 3n,
  10n ** 18n - 3n,
  2n ** 63n - 12n,
])
  test(`it counts on from ${first} across every carry`, () => {
    assert.equal(printed(first, 11), expected(first, 11))
  })

test('whatever the number, it prints what counting prints', () => {
  fc.assert(
    fc.property(
      fc.bigInt({ min: 0n, max: 2n ** 63n - 300n }),
      fc.integer({ min: 1, max: 250 }),
      (first, count) => {
        assert.equal(printed(first, count), expected(first, count))
      },
    ),
  )
})

test('put elsewhere it forgets where it stood, whether the number grows or shrinks', () => {
  const odometer = new IdOdometer()
  const out = new ReplyBuffer()
  for (const value of [123_456_789n, 5n, 2n ** 62n, 6n, 6n]) {
    put(odometer, value)
    odometer.printInteger(out)
  }
  assert.equal(out.taken().toString(), `:123456789\r\n:5\r\n:${2n ** 62n}\r\n:6\r\n:6\r\n`)
})

test('it knows up to where a number is exact in every language', () => {
  const odometer = new IdOdometer()
  put(odometer, 2n ** 53n - 1n)
  assert.equal(odometer.isSafe, true)
  odometer.passOver()
  assert.equal(odometer.isSafe, false)
})
