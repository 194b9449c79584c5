import assert from 'node:assert/strict'
import { beforeEach, describe, test } from 'node:test'
import type { AuditEntry } from './audit-trail.ts'
import { RefusedKeys } from './refused-keys.ts'

const SECRET = 'S'.repeat(43)
const ATTEMPT = { operation: 'DELETE /v1/keys/:key', subject: 'abcdefghijkl', traceId: 'f'.repeat(32) }
const KEY = `idg_abcdefghijkl_${SECRET}`

let records: AuditEntry[]
let refused: RefusedKeys

describe('keys that were refused', () => {
  beforeEach(() => {
    records = []
    refused = new RefusedKeys({ record: (entry) => void records.push(entry) })
  })

  test('are one record for each key and address, without the secret', () => {
    for (let i = 0; i < 500; i += 1) refused.noteWrong(KEY, '192.0.2.1')
    refused.noteWrong(KEY, '192.0.2.2')
    refused.noteWrong(SECRET, '192.0.2.1')
    refused.noteForbidden('mnopqrstuvwx', '192.0.2.3', ATTEMPT)
    assert.deepEqual(records, [])
    refused.write()
    assert.deepEqual(
      records.map(({ actor, action, subject, result, detail }) => [actor, action, subject, result, detail]),
      [
        [
          'unknown',
          'key.refuse',
          'abcdefghijkl',
          'IDGEN_UNAUTHENTICATED',
          { address: '192.0.2.1', times: 500 },
        ],
        [
          'unknown',
          'key.refuse',
          'abcdefghijkl',
          'IDGEN_UNAUTHENTICATED',
          { address: '192.0.2.2', times: 1 },
        ],
        ['unknown', 'key.refuse', 'malformed', 'IDGEN_UNAUTHENTICATED', { address: '192.0.2.1', times: 1 }],
        [
          'mnopqrstuvwx',
          'key.refuse',
          'mnopqrstuvwx',
          'IDGEN_FORBIDDEN',
          {
            address: '192.0.2.3',
            times: 1,
            first: { operation: 'DELETE /v1/keys/:key', subject: 'abcdefghijkl' },
          },
        ],
      ],
    )
    assert.doesNotMatch(JSON.stringify(records), new RegExp(SECRET))
    assert.equal(refused.wrong, 502)
  })

  test('say what was attempted with them first, of each key, address and reason', () => {
    const other = { operation: '/idgen.v1.KeyService/CreateKey', subject: undefined, traceId: undefined }
    refused.noteForbidden('mnopqrstuvwx', '192.0.2.3', ATTEMPT)
    refused.noteForbidden('mnopqrstuvwx', '192.0.2.3', other)
    refused.noteWrong(KEY, '192.0.2.3', other)
    refused.noteThrottled('192.0.2.3', ATTEMPT)
    refused.write()
    const { operation, subject, traceId } = ATTEMPT
    assert.deepEqual(
      records.map((record) => [record.traceId, record.detail?.['first']]),
      [
        [traceId, { operation, subject }],
        [undefined, { operation: other.operation }],
        [traceId, { operation, subject }],
      ],
    )
  })

  test('made up by the thousand become a hundred records and a sum', () => {
    for (let i = 0; i < 5000; i += 1) refused.noteWrong(KEY, `192.0.2.${i}`)
    refused.write()
    assert.equal(records.length, 101)
    assert.deepEqual(records.at(-1)?.detail, { address: '*', times: 4900 })
  })

  test('are none where no key was sent', () => {
    refused.noteWrong(undefined, '192.0.2.1')
    refused.noteWrong('', '192.0.2.1')
    refused.write()
    assert.deepEqual(records, [])
    assert.equal(refused.wrong, 0)
  })
})

test('keys that nobody looked at are one sum an address, and no more records than there may be', () => {
  const told: AuditEntry[] = []
  const many = new RefusedKeys({ record: (entry) => void told.push(entry) })
  for (let i = 0; i < 1000; i += 1) many.noteThrottled('192.0.2.1')
  many.write()
  assert.deepEqual(
    told.map(({ actor, action, subject, result, detail }) => [actor, action, subject, result, detail]),
    [['unknown', 'key.refuse', '*', 'IDGEN_RATE_LIMITED', { address: '192.0.2.1', times: 1000 }]],
  )
  told.length = 0
  for (let i = 0; i < 1000; i += 1) many.noteThrottled(`192.0.2.${i}`)
  many.write()
  assert.equal(told.length, 101)
  assert.deepEqual(told.at(-1)?.detail, { address: '*', times: 900 })
})
