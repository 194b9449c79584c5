import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Log } from '../../ports/log.ts'
import { PinoLog } from './pino-log.ts'

function newLog(level: 'debug' | 'info' | 'warn' | 'silent' = 'debug') {
  const lines: string[] = []
  const log = new PinoLog(level, { instance: 'a' }, { write: (line) => void lines.push(line) })
  const read = (): Record<string, unknown>[] =>
    lines.map((line) => JSON.parse(line) as Record<string, unknown>)
  return { log, lines, read }
}

test('a line is one JSON object with time, level, event, text and fields', () => {
  const { log, read } = newLog()
  log.warn({ tag: 'w/g/t', from: 'segment', to: 'snowflake', reason: 'x' }, 'tag degraded')
  const [{ time, ...line } = {}] = read()
  assert.match(String(time), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
  assert.deepEqual(line, {
    level: 'warn',
    instance: 'a',
    event: 'tag.degraded',
    tag: 'w/g/t',
    from: 'segment',
    to: 'snowflake',
    reason: 'x',
    msg: 'tag degraded',
  })
})

test('a level takes effect with the next line', () => {
  const { log, read } = newLog('info')
  const say = (why: string): void => {
    log.debug({ why }, 'segment blocks were not put aside at start')
  }
  say('before')
  assert.equal(log.debugs, false)
  log.setLevel('debug')
  say('while')
  assert.equal(log.debugs, true)
  log.setLevel('silent')
  say('after')
  log.error({ lost: 1 }, 'audit records lost at shutdown')
  assert.deepEqual(
    read().map(({ why }) => why),
    ['while'],
  )
})

test('a text that is not registered, a field too few and a level that is not its own do not compile', () => {
  const { log } = newLog('silent')
  const typed: Log = log
  // @ts-expect-error -- what is not in log-events.ts has no event
  assert.doesNotThrow(() => typed.warn({}, 'somebody did something'))
  // @ts-expect-error -- 'from', 'to' and 'reason' are missing
  typed.warn({ tag: 't' }, 'tag degraded')
  // @ts-expect-error -- it is a warning
  typed.info({ tag: 't', from: 'a', to: 'b', reason: 'c' }, 'tag degraded')
})

describe('what must not be in a log', () => {
  test('fields that are named as secrets are hidden, one level down too', () => {
    const { log, lines } = newLog()
    const secrets = { password: 'pa55', secret: 'pa55', token: 'pa55', adminKey: 'pa55', keyText: 'pa55' }
    log.info({ ...secrets, authorization: 'pa55', signal: secrets }, 'stopping')
    assert.doesNotMatch(lines.join(''), /pa55/)
    assert.equal(lines.join('').split('[hidden]').length - 1, 11)
  })

  test('a secret in JSON inside a text, in a variable, in quotes and far down in a field is hidden', () => {
    const { log, lines, read } = newLog()
    for (const text of [
      'answered {"password":"pa55 w0rd"}',
      'PGPASSWORD=pa55 psql failed',
      "no connection with host=db password='pa55 w0rd' user=app",
    ])
      log.error({ url: text, err: new Error(text) }, 'page failed')
    log.info({ signal: { of: { the: { password: 'pa55', adminKey: 55_555 } } } }, 'stopping')
    assert.doesNotMatch(lines.join(''), /pa55|w0rd|55555/)
    assert.equal(read().length, 4, 'each is still JSON')
    assert.equal(read()[0]?.['url'], 'answered {"password":"[hidden]"}')
  })

  test('an error of a driver with the whole connection string does not show its password', () => {
    const { log, lines } = newLog()
    const cause = new Error('cannot parse postgres://app:pa55@db:5432/idgen?sslmode=x')
    const error = Object.assign(new Error('connect to redis://:pa55@cache:6379 refused', { cause }), {
      config: { password: 'pa55' },
      code: 'ECONNREFUSED',
    })
    log.error({ err: error }, 'stopping: the promise can no longer be kept')
    assert.doesNotMatch(lines.join(''), /pa55/)
    assert.match(lines.join(''), /redis:\/\/:\[hidden\]@cache:6379 refused/)
    assert.match(lines.join(''), /ECONNREFUSED/)
    assert.match(lines.join(''), /db:5432/)
  })

  test('what a caller sent cannot begin a line of its own, nor colour a terminal', () => {
    const { log, lines, read } = newLog()
    const url = '/v1/x\n{"level":"error","msg":"made up"}\r\u001b[31m\u009b2J\u2028\u0000'
    log.error({ url, err: 'x' }, 'page failed')
    assert.equal(lines.length, 1)
    assert.match(lines[0] ?? '', /^[^\n]*\n$/)
    const obeyed = Array.from((lines[0] ?? '').slice(0, -1)).filter(
      (char) => char < ' ' || /[\u007f-\u009f\u2028]/.test(char),
    )
    assert.deepEqual(obeyed, [])
    assert.equal(read()[0]?.['url'], url, 'nothing is lost: a reader of JSON has it as it was')
  })
})
