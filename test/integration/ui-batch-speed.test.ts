// Runs alone: holds the forms of a batch of tags to 500 ms where there is an etcd, which a neighbour on the same cores could spoil.
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { TAGS_MAX } from '../../service/ui/pages/batch-page.ts'
import { LINES_MAX } from '../../service/ui/pages/new-batch-page.ts'
import { startService } from '../fixtures/service-process.ts'
import { UiMember } from '../fixtures/ui-member.ts'
import { bestOf } from './best-of.ts'
import { KEY, post } from './embedded-service.ts'
import { testEtcd } from './etcd-server.ts'
import { testDatabase } from './postgres-server.ts'
import { BATCH } from './ui-actions.ts'

/** for BATCH tags; a larger batch has as much for each of its tags. */
const LIMIT_MS = 500
/** As many as a batch may make. */
const GROUPS = 20

type Fields = readonly (readonly [name: string, value: string])[]

interface Form {
  readonly path: string
  readonly fields: Fields
  /** In the answer. A number is a status, with which there is no page. */
  readonly done: RegExp | 303
}

/** One change: of many tags by one form, and of one tag by its own. */
interface Change {
  readonly what: string
  /** As many as one form may name. */
  readonly most: number
  /** Of tags of its own at each look, and others where there are more than BATCH. */
  readonly many: (look: number, count: number) => Form
  readonly one: (look: number) => Form
}

const CONFIRMED = ['confirmed', 'yes'] as const
const STEP: Fields = [
  ['base', '2000'],
  ['min', '1000'],
  ['max', '100000'],
]

const CHANGES: readonly Change[] = [
  {
    what: 'make',
    most: LINES_MAX,
    many: (look, count) => newBatch(many(look, count), [], count),
    one: (look) => ({
      path: '/ui/tags/new',
      fields: [['workspace', 'w'], ['group', 'g'], ['tag', `one-${look}`], ['chain', 'segment'], ...STEP],
      done: 303,
    }),
  },
  {
    what: 'set a step of',
    most: TAGS_MAX,
    many: (look, count) => batch('step', many(look, count), [['base', '3000']]),
    one: (look) => ({
      path: `/ui/tags/w/g/one-${look}/edit`,
      fields: [['chain', 'segment'], ...STEP, ['base', '3000']],
      done: 303,
    }),
  },
  {
    what: 'delete',
    most: TAGS_MAX,
    many: (look, count) => batch('delete', many(look, count), []),
    one: (look) => ({
      path: `/ui/tags/w/g/one-${look}/delete`,
      fields: [['confirm', `w/g/one-${look}`]],
      done: 303,
    }),
  },
  {
    what: `make, with their ${GROUPS} groups and as many workspaces,`,
    most: LINES_MAX,
    many: (look, count) => {
      const groups = Array.from({ length: GROUPS }, (_, at) => `${setOf(count)}-${look}-${at}`)
      const paths = Array.from({ length: count }, (_, at) => `${groups[at % GROUPS]}/g/t-${at}`)
      return newBatch(
        paths,
        groups.map((workspace) => ['make', `${workspace} ${workspace}/g`] as const),
        count,
      )
    },
    one: (look) => ({
      path: '/ui/tags/new',
      fields: [
        ['workspace', `one-${look}`],
        ['group', 'g'],
        ['tag', 't'],
        ['chain', 'segment'],
        ['missing', 'make'],
        ...STEP,
      ],
      done: 303,
    }),
  },
]

test('a batch of 50 tags with etcd takes at most 500 ms, the largest as much a tag, or what as many forms of one tag take', async (t) => {
  const member = await signIn(t)
  const slow: string[] = []
  for (const { what, most, one, many: together } of CHANGES) {
    const alone = await bestOf((look) => send(member, one(look)))
    for (const count of [BATCH, most]) {
      const best = await bestOf((look) => send(member, together(look, count)))
      const told = `${what} ${count} tags with etcd: ${best.toFixed(0)} ms; one tag by its own form: ${alone.toFixed(1)} ms`
      t.diagnostic(told)
      // A machine that is slow by itself, or busy, is slow with single forms too: what a batch must never be is slower than they.
      if (best > Math.max((LIMIT_MS * count) / BATCH, count * alone)) slow.push(told)
    }
  }
  assert.deepEqual(slow, [])
})

async function signIn(t: TestContext): Promise<UiMember> {
  // Flushed, as where it matters.
  const etcd = await testEtcd({ unsafeNoFsync: false })
  const database = await testDatabase()
  const service = await startService({
    IDGEN_DATABASE_URL: database.url,
    IDGEN_ETCD_ENDPOINTS: etcd.endpoints.join(),
    // Slow is told by the figures: on a busy machine no tag shall be left out because etcd was.
    IDGEN_ETCD_TIMEOUT: '30s',
    IDGEN_AUTH_ADMIN_KEY: KEY,
  })
  t.after(() => service.stop('SIGTERM'))
  t.after(() => database.drop())
  t.after(() => etcd.close())
  await post(service, '/v1/workspaces', { name: 'w' })
  await post(service, '/v1/workspaces/w/groups', { name: 'g' })
  return await UiMember.signIn(service.httpOrigin, KEY)
}

async function send(member: UiMember, { path, fields, done }: Form): Promise<void> {
  const answer = await member.send(path, fields)
  const text = await answer.text()
  if (done === 303) assert.equal(answer.status, 303, `${path}: ${text}`)
  else assert.match(text, done, path)
}

function newBatch(paths: readonly string[], fields: Fields, count: number): Form {
  const lines = paths.map((path) => `${path} segment 1000`).join('\n')
  return {
    path: '/ui/tags/new-batch',
    fields: [['lines', lines], ...fields, CONFIRMED],
    done: new RegExp(`${count} of ${count} were made`),
  }
}

function batch(action: string, paths: readonly string[], fields: Fields): Form {
  return {
    path: '/ui/tags/batch',
    fields: [['action', action], ...fields, ...paths.map((path) => ['tag', path] as const), CONFIRMED],
    done: new RegExp(`${paths.length} of ${paths.length} were changed`),
  }
}

function many(look: number, count: number): readonly string[] {
  return Array.from({ length: count }, (_, at) => `w/g/${setOf(count)}-${look}-${at}`)
}

/** Those of the largest batches that are changed are the first of those that one made. */
function setOf(count: number): string {
  return count === BATCH ? 'many' : 'most'
}
