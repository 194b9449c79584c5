import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ANNOTATIONS } from '../api/marks.ts'
import { printTimestamp } from '../core/timestamp.ts'
import type { Job } from './kube-kinds.ts'
import { type MigrationFacts, nextMigration } from './migration.ts'

const NOW_MS = Date.UTC(2026, 0, 1)

const facts: MigrationFacts = {
  wanted: true,
  revision: 'r2',
  migratedRevision: 'r1',
  hasDeployment: false,
  credentialsValid: true,
  blocked: false,
  job: undefined,
  started: true,
  nowMs: NOW_MS,
}

function job(type: 'Complete' | 'Failed' | 'none', { attempt = 1, agoMs = 0, deleted = false } = {}): Job {
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      name: 'j',
      uid: 'u',
      resourceVersion: '1',
      annotations: { [ANNOTATIONS.attempt]: String(attempt) },
      ...(deleted ? { deletionTimestamp: 'now' } : {}),
    },
    status: {
      conditions:
        type === 'none'
          ? []
          : [
              {
                type,
                status: 'True',
                reason: 'BackoffLimitExceeded',
                message: 'it has failed',
                lastTransitionTime: printTimestamp(NOW_MS - agoMs),
              },
            ],
    },
  }
}

describe('migration', () => {
  test('it is left to others where the spec says so', () => {
    assert.equal(nextMigration({ ...facts, wanted: false }).state, 'NotManaged')
  })

  test('a revision is migrated once', () => {
    assert.deepEqual(nextMigration(facts), { state: 'Running', action: 'create', attempt: 1 })
    assert.deepEqual(nextMigration({ ...facts, job: job('none') }), { state: 'Running', attempt: 1 })
    assert.equal(nextMigration({ ...facts, job: job('Complete') }).state, 'Done')
    assert.equal(nextMigration({ ...facts, migratedRevision: 'r2' }).state, 'Done')
  })

  test('a revision that has pods, or had some, was migrated: going back to it needs no Job', () => {
    assert.deepEqual(nextMigration({ ...facts, hasDeployment: true }), { state: 'Done', attempt: 0 })
  })

  test('without the Secrets no Job is made', () => {
    assert.deepEqual(nextMigration({ ...facts, credentialsValid: false }), { state: 'Waiting', attempt: 0 })
    const failed = nextMigration({ ...facts, credentialsValid: false, job: job('Failed', { agoMs: 1e9 }) })
    assert.deepEqual([failed.state, failed.action], ['Failed', undefined])
  })

  test('a failed Job is made again after 10 s, then ever later, at most five minutes', () => {
    const wait = (attempt: number): number | undefined =>
      nextMigration({ ...facts, job: job('Failed', { attempt }) }).lookAgainInMs
    assert.deepEqual([1, 2, 3, 6, 60].map(wait), [10_000, 20_000, 40_000, 300_000, 300_000])
    const again = nextMigration({ ...facts, job: job('Failed', { attempt: 2, agoMs: 20_000 }) })
    assert.deepEqual(again, {
      state: 'Failed',
      action: 'replace',
      attempt: 3,
      message: 'BackoffLimitExceeded: it has failed',
    })
  })

  test('a Job that is being deleted is waited for', () => {
    assert.deepEqual(nextMigration({ ...facts, job: job('Failed', { deleted: true, agoMs: 1e9 }) }), {
      state: 'Running',
      attempt: 1,
    })
  })

  test('a failure in the future, by another clock, is not waited for', () => {
    assert.equal(nextMigration({ ...facts, job: job('Failed', { agoMs: -60_000 }) }).action, 'replace')
  })

  test('a revision that was given up is not migrated, and a Job that waits for its image goes', () => {
    const blocked = { ...facts, blocked: true }
    assert.deepEqual(nextMigration(blocked), { state: 'GivenUp', attempt: 0 })
    const failed = { ...blocked, job: job('Failed', { agoMs: 1e9 }) }
    assert.deepEqual(nextMigration(failed), { state: 'GivenUp', attempt: 0 }, 'its log can be read')
    assert.deepEqual(nextMigration({ ...blocked, job: job('none') }), { state: 'GivenUp', attempt: 0 })
    const stuck = { ...blocked, job: job('none'), started: false }
    assert.equal(nextMigration(stuck).action, 'discard')
    assert.equal(nextMigration({ ...blocked, migratedRevision: 'r2' }).state, 'Done')
  })
})
