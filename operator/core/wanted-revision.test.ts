import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type RevisionChoice, wantedRevision } from './wanted-revision.ts'

/** Revisions are named by their spec and by the operator that rendered them: "1A", "1B", "2A" … */
interface Scene {
  readonly spec: number
  readonly operator: string
  readonly stable?: string
  readonly canary?: string
  readonly blocked?: readonly string[]
  readonly retry?: string
  readonly strategy?: RevisionChoice['strategy']
  /** Whose records are there. */
  readonly known?: readonly string[]
}

function choose({ spec, operator, stable, canary, blocked = [], strategy = 'Canary', ...more }: Scene) {
  const found = [stable, canary, ...blocked].filter((one) => one !== undefined)
  const known = more.known ?? found
  return wantedRevision({
    rendered: `${spec}${operator}`,
    sameSpec: new Set(known.filter((one) => one.startsWith(String(spec)))),
    status: {
      ...(stable === undefined ? {} : { stableRevision: stable }),
      ...(canary === undefined ? {} : { canaryRevision: canary }),
      blockedRevisions: blocked.map((revision) => ({ revision, reason: 'Aborted', message: '', at: '' })),
    },
    strategy,
    retry: more.retry,
  })
}

describe('the revision that a spec asks for', () => {
  const table: readonly [string, Scene, string][] = [
    ['at first is the only one there is', { spec: 1, operator: 'A' }, '1A'],
    ['that is stable stays so', { spec: 1, operator: 'A', stable: '1A' }, '1A'],
    ['that changed is the new one', { spec: 2, operator: 'A', stable: '1A' }, '2A'],
    ['after an upgrade of the operator has its pods', { spec: 1, operator: 'B', stable: '1A' }, '1B'],
    [
      'after a downgrade is the stable one again',
      { spec: 1, operator: 'A', stable: '1A', canary: '1B' },
      '1A',
    ],
    [
      'that was blocked and is tried again goes on while its record is not there yet',
      { spec: 2, operator: 'B', stable: '1A', canary: '2B', blocked: ['2A'], known: ['1A', '2A'] },
      '2B',
    ],
    [
      'that is stable stays so although its record is lost and one of the same spec is blocked',
      { spec: 2, operator: 'B', stable: '2B', blocked: ['2A'], known: ['2A'] },
      '2B',
    ],
    [
      'is not changed by an upgrade in the middle of its canary',
      { spec: 2, operator: 'B', stable: '1A', canary: '2A' },
      '2A',
    ],
    [
      'gets the pods of that upgrade once the canary is over',
      { spec: 2, operator: 'B', stable: '2A', known: ['1A', '2A'] },
      '2B',
    ],
    [
      'in the middle of an upgrade’s canary is that of a still later operator',
      { spec: 1, operator: 'C', stable: '1A', canary: '1B' },
      '1C',
    ],
    [
      'stays blocked, whatever pods the operator would make of it by now',
      { spec: 2, operator: 'B', stable: '1A', blocked: ['3A', '2A'] },
      '2A',
    ],
    [
      'that somebody wants tried again is tried with the pods of today',
      { spec: 2, operator: 'B', stable: '1A', blocked: ['2A'], retry: '2A' },
      '2B',
    ],
    [
      'is not tried again for a command that names another one',
      { spec: 2, operator: 'B', stable: '1A', blocked: ['2A'], retry: '3A' },
      '2A',
    ],
    [
      'whose pods of an upgrade failed is blocked with them',
      { spec: 1, operator: 'B', stable: '1A', blocked: ['1B'] },
      '1B',
    ],
    [
      'whose pods of an upgrade failed gets those of the next one',
      { spec: 1, operator: 'C', stable: '1A', blocked: ['1B'] },
      '1C',
    ],
    [
      'that never served yet gets what a new operator has mended',
      { spec: 1, operator: 'B', canary: '1A' },
      '1B',
    ],
    [
      'before the canary, asked for again, has the pods of the new operator',
      { spec: 1, operator: 'B', stable: '1A', canary: '2A' },
      '1B',
    ],
    [
      'without steps is not changed by an upgrade',
      { spec: 1, operator: 'B', stable: '1A', strategy: 'Immediate' },
      '1A',
    ],
    [
      'without steps has the new pods with its next change',
      { spec: 2, operator: 'B', stable: '1A', strategy: 'Immediate' },
      '2B',
    ],
    [
      'whose steps are taken away goes on with what is on its way',
      { spec: 1, operator: 'B', stable: '1A', canary: '1B', strategy: 'Immediate' },
      '1B',
    ],
    [
      'of which no record is left is rendered by the operator of today',
      { spec: 2, operator: 'B', stable: '1A', blocked: ['2A'], known: ['1A'] },
      '2B',
    ],
  ]
  for (const [name, scene, expected] of table)
    test(name, () => {
      assert.equal(choose(scene), expected)
    })
})
