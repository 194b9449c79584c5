import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { UserRights } from '../adapters/postgres/user-rights.ts'
import { judgeRights } from './check-rights.ts'

const ALL: UserRights = { user: 'app', lacking: [], absent: [], notOwned: [], mayCreate: true }

test('a right that is lacking is bad, and what only ends the making of partitions is worth a look', () => {
  const found = (rights: Partial<UserRights>): string => {
    const told = judgeRights({ ...ALL, ...rights })
    return typeof told === 'string' ? `ok ${told}` : `${told.verdict} ${told.found}`
  }
  assert.equal(found({}), 'ok app may do all that a service does to the tables, and make partitions')
  assert.equal(
    found({ lacking: ['DELETE on tag_deletions', 'UPDATE on ranges'], notOwned: ['audit_log'] }),
    'bad app may not DELETE on tag_deletions, UPDATE on ranges',
  )
  assert.match(found({ notOwned: ['audit_log'] }), /^warning app does not own audit_log: /)
  assert.match(found({ mayCreate: false }), /^warning app may not make tables in this schema: /)
  assert.match(found({ absent: ['ranges'] }), /^ok .* to the tables that are there$/)
})
