import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import {
  constants,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { open } from 'node:fs/promises'
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

test('a pipe is refused at once, with and without a reader', async () => {
  const path = join(temporaryFolder('idgen-audit-'), 'pipe')
  execFileSync('sh', ['-c', 'mkfifo "$0"', path])
  const log = new RecordedLog()
  await new AuditFile(path, log).add([record('a', 1)])
  const reader = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
  const file = new AuditFile(path, log)
  await file.add([record('b', 2)])
  await reader.close()
  assert.equal(file.missed, 1)
  for (const { fields } of log.lines)
    assert.match(String(fields['err']), /audit\.file must be a regular file: .*pipe/)
  assert.equal(log.lines.length, 2)
})

test('a symbolic link is refused, and what it leads to is neither made nor changed', async () => {
  const folder = temporaryFolder('idgen-audit-')
  const [path, there, absent] = [join(folder, 'audit.ndjson'), join(folder, 'there'), join(folder, 'absent')]
  writeFileSync(there, 'as it was')
  for (const target of [there, absent]) {
    symlinkSync(target, path)
    const log = new RecordedLog()
    const file = new AuditFile(path, log)
    await file.add([record('a', 1)])
    assert.equal(file.missed, 1)
    assert.match(String(log.lines[0]?.fields['err']), /audit\.file must be a regular file: .* symbolic link$/)
    unlinkSync(path)
  }
  assert.deepEqual([readFileSync(there, 'utf8'), existsSync(absent)], ['as it was', false])
})

/** A file whose sync fails. */
function unsynced(path: string, code: string, log: RecordedLog): AuditFile {
  return new AuditFile(path, log, async (...given) => {
    const file = await open(...given)
    const sync = (): Promise<never> => Promise.reject(Object.assign(new Error(code), { code }))
    return {
      stat: () => file.stat(),
      appendFile: (text) => file.appendFile(text),
      sync,
      close: () => file.close(),
    }
  })
}

test('records that are in the file are not counted as missing where its sync fails, or there is none', async () => {
  const path = join(temporaryFolder('idgen-audit-'), 'audit.ndjson')
  for (const [code, told] of [
    ['EINVAL', 0],
    ['EIO', 1],
  ] as const) {
    const log = new RecordedLog()
    const file = unsynced(path, code, log)
    await file.add([record(code, 1)])
    await file.add([record(code, 2)])
    assert.deepEqual([file.missed, log.lines.length], [0, told], code)
  }
  assert.deepEqual(subjects(path), ['EINVAL', 'EINVAL', 'EIO', 'EIO'])
})
