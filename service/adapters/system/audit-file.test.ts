import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, renameSync, rmdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { RecordedLog } from '../../../test/fixtures/recorded-log.ts'
import { temporaryFolder } from '../../../test/fixtures/temporary-folder.ts'
import type { ChainedRecord } from '../../ports/audit-sink.ts'
import { AuditFile } from './audit-file.ts'

function record(subject: string, seq: number): ChainedRecord {
  return {
    at: new Date(1000),
    actor: 'k',
    action: 'tag.create',
    subject,
    workspace: undefined,
    result: 'ok',
    traceId: undefined,
    detail: { text: 'a\nb' },
    link: { chain: 'c', seq, previousHash: '0', hash: 'f' },
  }
}

function subjects(path: string): unknown[] {
  const lines = readFileSync(path, 'utf8').split('\n').slice(0, -1)
  return lines.map((line) => (line === '' ? '' : (JSON.parse(line) as { subject: string }).subject))
}

test('each record is a line, appended to what is there, as an export gives it', async () => {
  const path = join(temporaryFolder('idgen-audit-'), 'audit.ndjson')
  await new AuditFile(path, new RecordedLog()).add([record('a', 1), record('b', 2)])
  await new AuditFile(path, new RecordedLog()).add([record('c', 3)])
  assert.deepEqual(subjects(path), ['a', 'b', 'c'])
  assert.deepEqual(JSON.parse(readFileSync(path, 'utf8').split('\n')[0] ?? ''), {
    at: '1970-01-01T00:00:01.000Z',
    actor: 'k',
    action: 'tag.create',
    subject: 'a',
    result: 'ok',
    detail: { text: 'a\nb' },
    workspace: null,
    traceId: null,
    chain: 'c',
    seq: 1,
    previousHash: '0',
    hash: 'f',
  })
  assert.equal(statSync(path).mode & 0o007, 0, 'not for everybody')
})

test('a file that was moved away is followed by a new one', async () => {
  const path = join(temporaryFolder('idgen-audit-'), 'audit.ndjson')
  const file = new AuditFile(path, new RecordedLog())
  await file.add([record('a', 1)])
  renameSync(path, `${path}.1`)
  await file.add([record('b', 2)])
  assert.deepEqual([subjects(`${path}.1`), subjects(path)], [['a'], ['b']])
})

test('what cannot be written is counted and told once, and the next line is whole', async () => {
  const path = join(temporaryFolder('idgen-audit-'), 'audit.ndjson')
  const log = new RecordedLog()
  const file = new AuditFile(path, log)
  // Fails for root too.
  mkdirSync(path)
  await file.add([record('a', 1), record('b', 2)])
  await file.add([record('c', 3)])
  assert.equal(file.missed, 3)
  rmdirSync(path)
  await file.add([record('d', 4)])
  await file.add([record('e', 5)])
  assert.deepEqual(subjects(path), ['', 'd', 'e'])
  assert.deepEqual(
    log.lines.map(({ text }) => text),
    ['audit file cannot be written', 'audit file takes records again'],
  )
})
