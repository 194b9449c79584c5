import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AuditReads } from './audit-reads.ts'
import type { AuditEntry } from './audit-trail.ts'

function newReads() {
  const records: AuditEntry[] = []
  const reads = new AuditReads({ record: (entry) => void records.push(entry) })
  return { records, reads }
}

test('the pages of an export are one record, with who, what for and how much', () => {
  const { records, reads } = newReads()
  const filter = { workspace: 'acme', from: new Date(0) }
  for (let page = 0; page < 30; page += 1) reads.note('k1', filter, 1000)
  reads.note('k2', filter, 7)
  reads.note('k1', { within: 'acme/shop' }, 0)
  reads.write()
  assert.deepEqual(
    records.map(({ actor, action, subject, detail }) => [actor, action, subject, detail]),
    [
      ['k1', 'audit.read', 'acme', { pages: 30, records: 30_000, filter }],
      ['k2', 'audit.read', 'acme', { pages: 1, records: 7, filter }],
      ['k1', 'audit.read', 'acme/shop', { pages: 1, records: 0, filter: { within: 'acme/shop' } }],
    ],
  )
  reads.write()
  assert.equal(records.length, 3)
})

test('beyond the filters that are told apart whose reads they were is told all the same', () => {
  const { records, reads } = newReads()
  for (let i = 0; i < 1000; i += 1) reads.note('k', { subject: `s${i}` }, 2)
  reads.note('other', { subject: 's' }, 3)
  reads.write()
  assert.equal(records.length, 102)
  assert.deepEqual(
    records.slice(-2).map(({ actor, detail }) => [actor, detail]),
    [
      ['k', { pages: 900, records: 1800 }],
      ['other', { pages: 1, records: 3 }],
    ],
  )
})

test('keys beyond those that are told apart are one sum', () => {
  const { records, reads } = newReads()
  for (let i = 0; i < 250; i += 1) reads.note(`k${i}`, {}, 1)
  for (let i = 0; i < 250; i += 1) reads.note(`k${i}`, {}, 1)
  reads.write()
  assert.equal(records.length, 201)
  assert.deepEqual([records.at(-1)?.actor, records.at(-1)?.detail], ['*', { pages: 100, records: 100 }])
})
