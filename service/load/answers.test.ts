import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import type { AnswerReader, AnswerSink } from './answer-sink.ts'
import { HttpAnswers } from './http-answers.ts'
import { RespAnswers } from './resp-answers.ts'

/** What a sink was told, as text. */
class Told implements AnswerSink {
  readonly all: string[] = []

  numbers(upper: number, lower: number, count: number): void {
    this.all.push(`${BigInt(upper) * 10n ** 9n + BigInt(lower)}×${count}`)
  }

  uuid(...words: number[]): void {
    this.all.push(words.map((word) => word.toString(16).padStart(8, '0')).join(''))
  }

  text(text: string): void {
    this.all.push(`"${text}"`)
  }

  answered(): void {
    this.all.push('.')
  }

  refused(code: string, text: string): void {
    this.all.push(`!${code} ${text}`)
  }
}

/** Everything at once, or in these pieces, as a connection hands them over. */
function read(reader: AnswerReader, text: string, cuts: readonly number[] = []): string[] {
  const told = new Told()
  let rest = Buffer.alloc(0)
  for (const piece of piecesOf(Buffer.from(text), cuts)) {
    rest = Buffer.concat([rest, piece])
    if (rest.length < reader.needed) continue
    // Stale bytes behind, as in a reused buffer, must not be read.
    const buffer = Buffer.concat([rest, Buffer.from('9\r\n\r\n"]}HTTP/1.1 200\r\n')])
    rest = rest.subarray(reader.read(buffer, rest.length, told))
  }
  assert.equal(rest.length, 0, `left over: ${rest}`)
  return told.all
}

function piecesOf(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const ends = [...cuts.map((cut) => cut % bytes.length), bytes.length].sort((a, b) => a - b)
  return ends.map((end, i) => bytes.subarray(ends[i - 1] ?? 0, end))
}

function http(status: string, body: string, more = ''): string {
  return `HTTP/1.1 ${status}\r\nContent-Type: application/json\r\n${more}Content-Length: ${body.length}\r\nDate: now\r\n\r\n${body}`
}

const UUID = '01984f0e-5b6a-7c3f-8f6e-2f0b7c1d9e5a'

describe('answers over HTTP', () => {
  const ANSWERS: readonly (readonly [string, readonly string[]])[] = [
    [http('200 OK', '{"ids":["0"],"algorithm":"segment","degraded":false}'), ['0×1', '.']],
    [http('200 OK', '{"ids":["9223372036854775807","17"]}'), ['9223372036854775807×1', '17×1', '.']],
    [http('200 OK', `{"ids":["${UUID}"]}`), [UUID.replaceAll('-', ''), '.']],
    [
      http('200 OK', '{"runs":[["4823",100],["9007199254740993",2]]}'),
      ['4823×100', '9007199254740993×2', '.'],
    ],
    [http('200 OK', '{"degraded":true,"ids":["5"]}', 'connection: keep-alive\r\n'), ['5×1', '.']],
    [
      http('503 Service Unavailable', '{"code":"IDGEN_OVERLOADED","detail":"Too \\"many\\"."}'),
      ['!IDGEN_OVERLOADED Too \\"many\\".'],
    ],
    [http('502 Bad Gateway', '<html>'), ['!HTTP_502 <html>']],
    [http('200 OK', '{"ids":["9223372036854775808"]}'), ['"9223372036854775808"', '.']],
    [http('200 OK', '{"ids":["007","INV-20261127-000042/EU"]}'), ['"007"', '"INV-20261127-000042/EU"', '.']],
    [http('200 OK', `{"ids":["${'x'.repeat(36)}"]}`), [`"${'x'.repeat(36)}"`, '.']],
    [http('200 OK', `{"ids":["${'x'.repeat(77)}"]}`), [`!MALFORMED_ANSWER {"ids":["${'x'.repeat(77)}"]}`]],
    [http('200 OK', '{"ids":["two words"]}'), ['!MALFORMED_ANSWER {"ids":["two words"]}']],
    [http('200 OK', '{"ids":[""]}'), ['!MALFORMED_ANSWER {"ids":[""]}']],
    [http('200 OK', '{"ids":["12'), ['!MALFORMED_ANSWER {"ids":["12']],
    [http('200 OK', '[]'), ['!MALFORMED_ANSWER []']],
  ]

  test('pipelined and cut anywhere, they are read as they are one by one', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(...ANSWERS), { minLength: 1, maxLength: 8 }),
        fc.array(fc.nat(5000), { maxLength: 12 }),
        (answers, cuts) => {
          const text = answers.map(([one]) => one).join('')
          assert.deepEqual(
            read(new HttpAnswers(), text, cuts),
            answers.flatMap(([, told]) => told),
          )
        },
      ),
    )
  })

  test('after a head that says close nothing more is read', () => {
    const reader = new HttpAnswers()
    const told = new Told()
    const first = http('200 OK', '{"ids":["1"]}', 'Connection: keep-alive\r\n')
    const last = http('200 OK', '{"ids":["2"]}', 'Connection: close\r\n')
    const bytes = Buffer.from(first + last + first)
    assert.equal(reader.read(bytes, bytes.length, told), first.length + last.length)
    assert.ok(reader.closing)
    assert.deepEqual(told.all, ['1×1', '.', '2×1', '.'])
  })

  test('what is not HTTP, or has no length, is refused with what came', () => {
    assert.throws(() => read(new HttpAnswers(), '+OK\r\n\r\n'), /not HTTP\/1.1: "\+OK/)
    assert.throws(() => read(new HttpAnswers(), 'HTTP/1.1 200 OK\r\n\r\n'), /without content-length/)
    assert.throws(
      () => read(new HttpAnswers(), 'HTTP/1.1 200 OK\r\ncontent-length: x\r\n\r\n'),
      /that is none/,
    )
    assert.throws(() => read(new HttpAnswers(), `HTTP/1.1 ${'x'.repeat(70_000)}`), /head of more/)
  })
})

describe('answers over RESP', () => {
  const ANSWERS: readonly (readonly [string, readonly string[]])[] = [
    [':7\r\n', ['7×1', '.']],
    [':9007199254740991\r\n', ['9007199254740991×1', '.']],
    [`$36\r\n${UUID}\r\n`, [UUID.replaceAll('-', ''), '.']],
    ['$2\r\n12\r\n', ['12×1', '.']],
    ['$8\r\nINV-0042\r\n', ['"INV-0042"', '.']],
    ['$9\r\ntwo words\r\n', ['!MALFORMED_ANSWER two words']],
    ['-NOAUTH Authentication required.\r\n', ['!NOAUTH NOAUTH Authentication required.']],
    ['-ERR IDGEN_TAG_NOT_FOUND a/b/c\r\n', ['!IDGEN_TAG_NOT_FOUND ERR IDGEN_TAG_NOT_FOUND a/b/c']],
    ['$-1\r\n', ['!MALFORMED_ANSWER $-1']],
    ['+QUEUED\r\n', ['!MALFORMED_ANSWER +QUEUED']],
    [':-3\r\n', ['!MALFORMED_ANSWER -3']],
    [':9223372036854775808\r\n', ['!MALFORMED_ANSWER 9223372036854775808']],
  ]

  test('pipelined and cut anywhere, they are read as they are one by one', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(...ANSWERS), { minLength: 1, maxLength: 12 }),
        fc.array(fc.nat(500), { maxLength: 12 }),
        (answers, cuts) => {
          const text = answers.map(([one]) => one).join('')
          assert.deepEqual(
            read(new RespAnswers(1), text, cuts),
            answers.flatMap(([, told]) => told),
          )
        },
      ),
    )
  })

  test('INCRBY answers with the end of its run, also across a carry', () => {
    assert.deepEqual(read(new RespAnswers(100), ':100\r\n:3000000050\r\n-ERR no\r\n'), [
      '1×100',
      '.',
      '2999999951×100',
      '.',
      '!ERR ERR no',
    ])
  })

  test('replies that no ID command has, and lines without an end, are refused', () => {
    assert.throws(() => read(new RespAnswers(1), '*2\r\n'), /no ID command/)
    assert.throws(() => read(new RespAnswers(1), `:${'1'.repeat(70_000)}`), /reply line of more/)
    assert.throws(() => read(new RespAnswers(1), '$99999999\r\n'), /reply of 99999999 bytes/)
  })
})
