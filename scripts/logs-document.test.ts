import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { LOG_EVENTS, type LogText } from '../service/ports/log-events.ts'
import { logsDocument } from './logs-document.ts'
import { operatorEvents } from './operator-log-advice.ts'

const ROOT = join(import.meta.dirname, '..')
const REGISTRY = 'ports/log-events.ts'
const SOURCES = readdirSync(join(ROOT, 'service'), { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts') && !path.endsWith('.test.ts') && path !== REGISTRY)
  .map((path) => readFileSync(join(ROOT, 'service', path), 'utf8'))
  .join('\n')

describe('the registry of log events', () => {
  const texts = Object.keys(LOG_EVENTS) as LogText[]

  // The other way round the compiler sees: a text that is not in the registry is no LogText.
  test('every event is written somewhere in the service', () => {
    // The end of a text that is put together at the only place that writes it.
    const ending = (text: string): string => text.replace(/^(?:new )?certificate in use/, '$' + '{what}')
    const written = (text: string): boolean =>
      [`'${text}'`, `\`${ending(text)}\``].some((literal) => SOURCES.includes(literal))
    assert.deepEqual(
      texts.filter((text) => !written(text)),
      [],
    )
  })

  test('names of events are given once, as area and what happened', () => {
    const names = [
      ...texts.map((text) => LOG_EVENTS[text].event),
      ...operatorEvents().map(({ event }) => event),
    ]
    assert.equal(new Set(names).size, names.length)
    assert.deepEqual(
      names.filter((name) => !/^[a-z]+\.[a-z]+(?:-[a-z]+)*$/.test(name)),
      [],
    )
  })

  test('no field takes the place of one that every line has', () => {
    const own = new Set(['time', 'level', 'event', 'msg', 'instance', 'spanId'])
    assert.deepEqual(
      texts.filter((text) => LOG_EVENTS[text].fields.some((field) => own.has(field))),
      [],
    )
    const ownOfOperator = new Set(['time', 'level', 'event', 'msg', 'pod'])
    assert.deepEqual(
      operatorEvents().filter(({ fields }) => fields.some((field) => ownOfOperator.has(field))),
      [],
    )
  })

  test('the document has a row for each, also of the operator, with its level, and no broken table', () => {
    const rows = logsDocument().match(/^\| `[a-z]+\.[a-z-]+`.*$/gm) ?? []
    assert.equal(rows.length, texts.length + operatorEvents().length)
    assert.deepEqual(
      rows.filter((row) => row.split('|').length !== 7),
      [],
    )
  })
})
