import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { IdGeneratorStatusCondition } from '../api/generated/id-generator.ts'
import { conditionEvents } from './condition-events.ts'

function condition(
  type: string,
  status: 'True' | 'False',
  reason: string,
  message = 'why',
): IdGeneratorStatusCondition {
  return { type, status, reason, message, lastTransitionTime: '' }
}

describe('condition events', () => {
  const cases: readonly [
    name: string,
    before: IdGeneratorStatusCondition[],
    after: IdGeneratorStatusCondition[],
    told: string[],
  ][] = [
    [
      'nothing new is nothing to tell',
      [condition('Ready', 'True', 'Ready')],
      [condition('Ready', 'True', 'Ready')],
      [],
    ],
    [
      'another message alone is none either',
      [condition('CredentialsValid', 'False', 'SecretMissing', 'one')],
      [condition('CredentialsValid', 'False', 'SecretMissing', 'two')],
      [],
    ],
    [
      'a missing Secret and its coming',
      [condition('CredentialsValid', 'False', 'SecretMissing')],
      [condition('CredentialsValid', 'True', 'Complete')],
      ['Normal CredentialsComplete'],
    ],
    [
      'the first look says what is missing',
      [],
      [condition('CredentialsValid', 'False', 'SecretMissing')],
      ['Warning SecretMissing'],
    ],
    [
      'Secrets that are there from the start are no news',
      [],
      [condition('CredentialsValid', 'True', 'Complete')],
      [],
    ],
    [
      'migrations that fail',
      [condition('DatabaseReady', 'False', 'MigrationRunning')],
      [condition('DatabaseReady', 'False', 'MigrationFailed')],
      ['Warning MigrationFailed'],
    ],
    [
      'an image that is not allowed',
      [],
      [condition('Stalled', 'True', 'ImageNotAllowed')],
      ['Warning ImageNotAllowed'],
    ],
    ['a rollback is told elsewhere', [], [condition('Stalled', 'True', 'RolledBack')], []],
    [
      'the last pod is lost',
      [condition('Available', 'True', 'PodsAvailable')],
      [condition('Available', 'False', 'NoPodAvailable')],
      ['Warning NoPodAvailable'],
    ],
    ['not yet available is not lost', [], [condition('Available', 'False', 'NoPodAvailable')], []],
  ]
  for (const [name, before, after, told] of cases)
    test(`told of: ${name}`, () => {
      assert.deepEqual(
        conditionEvents(before, after).map(({ type, reason }) => `${type} ${reason}`),
        told,
      )
    })
})
