import assert from 'node:assert/strict'
import { test } from 'node:test'
import { settle } from '../../test/fixtures/settle.ts'
import { AuditReaders } from './audit-readers.ts'

test('a few read the audit log at once, some wait, more are refused, and each ends its turn', async () => {
  const running: PromiseWithResolvers<readonly []>[] = []
  const query = {
    find: () => {
      const read = Promise.withResolvers<readonly []>()
      running.push(read)
      return read.promise
    },
  }
  const readers = new AuditReaders(query, { note: () => undefined })
  const find = () => readers.readBy('k').find({}, undefined, 'newest', 1)
  const all = Array.from({ length: 32 }, find)
  await settle()
  assert.equal(running.length, 4)
  await assert.rejects(find(), { code: 'IDGEN_OVERLOADED' })
  running[0]?.reject(new Error('away'))
  await assert.rejects(all[0] ?? assert.fail(), /away/)
  await settle()
  assert.equal(running.length, 5)
  for (let read = 0; read < running.length; read += 1) {
    running[read]?.resolve([])
    await settle()
  }
  assert.equal(running.length, 32)
  assert.equal((await Promise.all(all.slice(1))).length, 31)
})
