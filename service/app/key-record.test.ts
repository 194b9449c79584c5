import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { SCOPES } from '../ports/api-key-store.ts'
import { keyRecordText, parseKeyRecord } from './key-record.ts'

const ID = 'abcdefghij12'
const RECORD = {
  key: {
    id: ID,
    name: 'Ärger "mit" 🙂',
    hash: new Uint8Array(32).fill(7),
    scopes: ['issue', 'audit'] as const,
    within: 'w/g',
    createdAt: new Date(1_700_000_000_123),
    expiresAt: undefined,
    revokedAt: new Date(1_700_000_000_456),
    declaredBy: 'u',
    previous: { hash: new Uint8Array(32).fill(6), until: new Date(1_700_000_000_789) },
  },
  revision: 42,
}

describe('a key record', () => {
  test('is read as it was written', () => {
    const date = fc.date({ noInvalidDate: true })
    const hash = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => new Uint8Array(bytes))
    const record = fc.record({
      key: fc
        .record({
          id: fc.constant(ID),
          name: fc.string({ unit: 'grapheme' }),
          hash,
          scopes: fc.subarray([...SCOPES]),
          within: fc.string(),
          createdAt: date,
          expiresAt: fc.option(date, { nil: undefined }),
          revokedAt: fc.option(date, { nil: undefined }),
          declaredBy: fc.option(fc.string(), { nil: undefined }),
          previous: fc.option(fc.record({ hash, until: date }), { nil: undefined }),
        })
        .map(({ declaredBy, previous, ...key }) => ({
          ...key,
          ...(declaredBy !== undefined && { declaredBy }),
          ...(previous && { previous: { ...previous } }),
        })),
      revision: fc.maxSafeNat(),
    })
    fc.assert(
      fc.property(record, (one) =>
        assert.deepEqual(parseKeyRecord(ID, keyRecordText(one)), { ...one, key: { ...one.key } }),
      ),
      { numRuns: 200 },
    )
  })

  test('is not that of another key', () => {
    assert.equal(parseKeyRecord('abcdefghij13', keyRecordText(RECORD)), undefined)
  })

  test('with anything left out, added wrongly or of another kind is no record', () => {
    const good = JSON.parse(keyRecordText(RECORD)) as Record<string, unknown>
    assert.deepEqual(parseKeyRecord(ID, JSON.stringify(good)), RECORD)
    for (const field of Object.keys(good))
      for (const value of [undefined, 'x', -0.5, true, [1], {}, Number.MAX_VALUE]) {
        const text = JSON.stringify({ ...good, [field]: value })
        // These are free text.
        if (['name', 'within', 'declaredBy'].includes(field) && value === 'x') continue
        // Most keys are nobody's.
        if (['declaredBy', 'previous'].includes(field) && value === undefined) continue
        // A date before 1970 is a date.
        if (field.endsWith('At') && value === -0.5) continue
        assert.equal(parseKeyRecord(ID, text), undefined, text)
      }
    for (const hash of ['', 'AAAA', Buffer.alloc(33).toString('base64')])
      assert.equal(parseKeyRecord(ID, JSON.stringify({ ...good, hash })), undefined)
    assert.equal(parseKeyRecord(ID, JSON.stringify({ ...good, scopes: ['issue', 'issue'] })), undefined)
    assert.equal(parseKeyRecord(ID, JSON.stringify({ ...good, createdAt: null })), undefined)
  })

  test('is none where the text is no object', () => {
    for (const text of ['', 'null', '[]', '7', '"x"', '{', '{}'])
      assert.equal(parseKeyRecord(ID, text), undefined)
  })
})
