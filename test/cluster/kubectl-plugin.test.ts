import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { dirname, join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { BIZ_TAG, ID_GENERATOR } from '../../operator/api/kinds.ts'
import { SystemClock } from '../../operator/runtime/clock.ts'
import { EventRecorder } from '../../operator/runtime/event-recorder.ts'
import type { HttpKubeClient } from '../../operator/runtime/http-kube-client.ts'
import { keptLog } from '../../operator/runtime/scripted-kube.ts'
import { newNamespace, until } from './cluster-world.ts'
import { bizTag, idGenerator, installDefinitions, ResourceNamespace } from './custom-resources.ts'
import { KubeApi } from './kube-api.ts'
import { kubeProgram, missingPrograms } from './kube-programs.ts'

const missing = missingPrograms('kube-apiserver', 'kubectl')
const BIN = join(import.meta.dirname, '../../bin')
const CANARY = 'f6e7d8c9b0'
const STABLE = 'a1b2c3d4e5'

interface Ended {
  readonly code: number
  readonly out: string
  readonly err: string
}

/** The plugin as a person has it: found by kubectl on the PATH, on a real API server. The test is the operator. */
describe('kubectl idgen', { skip: missing ?? false }, () => {
  let api: KubeApi
  let client: HttpKubeClient
  let namespace: ResourceNamespace
  let kubeconfig: string
  before(async () => {
    api = await KubeApi.start()
    client = api.client()
    await installDefinitions(client)
    namespace = new ResourceNamespace(client, await newNamespace(client))
    kubeconfig = await api.kubeconfig()
  })
  after(() => api.close())

  async function kubectl(...args: string[]): Promise<Ended> {
    const program = kubeProgram('kubectl') ?? 'kubectl'
    const PATH = [BIN, dirname(program), process.env['PATH']].join(':')
    const env = { PATH, HOME: api.folder, KUBECONFIG: kubeconfig, LANG: 'C.UTF-8' }
    return await new Promise((resolve) => {
      execFile(program, args, { env, timeout: 60_000 }, (error, out, err) =>
        resolve({ code: error === null ? 0 : typeof error.code === 'number' ? error.code : -1, out, err }),
      )
    })
  }

  async function idgen(...args: string[]): Promise<Ended> {
    return await kubectl('idgen', ...args, '-n', namespace.name)
  }

  /** An IdGenerator in the middle of a rollout. */
  async function underWay(name: string): Promise<void> {
    await namespace.apply(ID_GENERATOR, idGenerator(name))
    await status(name, {})
  }

  async function status(name: string, rollout: object, rest: object = {}): Promise<void> {
    await namespace.applyStatus(ID_GENERATOR, name, {
      stableRevision: STABLE,
      canaryRevision: CANARY,
      share: '25% (5% wanted)',
      rollout: {
        revision: CANARY,
        state: 'Progressing',
        startedAt: new Date(Date.now() - 60_000).toISOString(),
        stepIndex: 0,
        stepCount: 3,
        stepsHash: '5@24h 50@24h 100',
        desiredWeight: 5,
        actualWeight: 25,
        pause: {
          reason: 'Hold',
          since: new Date().toISOString(),
          until: new Date(Date.now() + 83_550_000).toISOString(),
        },
        message: 'the step is held',
        ...rollout,
      },
      ...rest,
    })
  }

  /** As the operator takes a command: the status first, then the annotation goes. */
  async function take(name: string, command: string, rollout: object, rest: object = {}): Promise<void> {
    const annotation = `idgen.io/${command}`
    await until(`${annotation} is written`, async () => {
      const { metadata } = await namespace.get(ID_GENERATOR, name)
      return metadata.annotations?.[annotation] === CANARY
    })
    await status(name, rollout, rest)
    if (command === 'pause') return
    await client.send({
      method: 'PATCH',
      path: namespace.path(ID_GENERATOR, name),
      contentType: 'application/merge-patch+json',
      body: { metadata: { annotations: { [annotation]: null } } },
    })
  }

  test('kubectl finds it and knows what it can do', async () => {
    assert.match((await kubectl('plugin', 'list')).out, /\/bin\/kubectl-idgen\n/)
    const { code, out } = await kubectl('idgen', '--help')
    assert.equal(code, 0)
    for (const command of ['status', 'promote', 'abort', 'retry', 'pause', 'resume', 'tags'])
      assert.match(out, new RegExp(`^  ${command} `, 'm'))
  })

  test('the status is drawn from the objects, with tags and events', async () => {
    await underWay('drawn')
    await namespace.apply(BIZ_TAG, bizTag('drawn', { generatorRef: { name: 'drawn' } }))
    const recorder = new EventRecorder({
      client,
      clock: new SystemClock(),
      log: keptLog().log,
      controller: 'idgen.io/operator',
      instance: 'test',
      newId: () => 'drawn',
    })
    const regarding = await namespace.get(ID_GENERATOR, 'drawn')
    recorder.record({
      regarding,
      type: 'Normal',
      reason: 'RevisionCreated',
      action: 'Apply',
      note: 'It is new.',
    })
    await recorder.flush()
    const { code, out, err } = await idgen('status', 'drawn')
    assert.equal(code, 0, err)
    assert.match(out, /● 5% ─+ ○ 50% ─+ ○ 100%/)
    assert.match(out, /Hold: 23h 1[12]m left of 24h/)
    assert.match(out, /shop\/orders\/invoice {2}NotLookedAtYet/)
    assert.match(out, /RevisionCreated\n {4}It is new\./)
    const json = JSON.parse((await idgen('status', 'drawn', '-o', 'json')).out) as { bizTags: unknown[] }
    assert.equal(json.bizTags.length, 1)
  })

  test('a promotion names the revision, waits for the operator, and tells what came of it', async () => {
    await underWay('promoted')
    const [{ code, out, err }] = await Promise.all([
      idgen('promote', 'promoted'),
      take('promoted', 'promote', { stepIndex: 1, desiredWeight: 50, message: 'pods are changing' }),
    ])
    assert.equal(code, 0, err)
    assert.equal(out, `Revision ${CANARY} is at step 2 of 3 (50 %): pods are changing.\n`)
  })

  test('a pause and a retry are taken in the same way, and a resume takes the pause away', async () => {
    await underWay('paused')
    const [paused] = await Promise.all([
      idgen('pause', 'paused'),
      take('paused', 'pause', { pause: { reason: 'User' } }),
    ])
    assert.equal(paused.code, 0, paused.err)
    const resuming = idgen('resume', 'paused')
    await until('the pause is taken away', async () => {
      const { metadata } = await namespace.get(ID_GENERATOR, 'paused')
      return metadata.annotations?.['idgen.io/pause'] === undefined
    })
    await status('paused', {})
    assert.equal((await resuming).code, 0)
    await status(
      'paused',
      { state: 'RolledBack' },
      { blockedRevisions: [{ revision: CANARY, reason: 'Aborted' }] },
    )
    const [retried] = await Promise.all([idgen('retry', 'paused'), take('paused', 'retry', {})])
    assert.equal(retried.code, 0, retried.err)
  })

  test('an abort is not done unasked', async () => {
    await underWay('aborted')
    const { code, err } = await idgen('abort', 'aborted')
    assert.equal(code, 1)
    assert.match(err, /^error: Revision f6e7d8c9b0 is given up.*add --yes\.\n$/)
    const [{ code: done }] = await Promise.all([
      idgen('abort', 'aborted', '--yes'),
      take('aborted', 'abort', { state: 'RolledBack', message: 'somebody aborted it' }),
    ])
    assert.equal(done, 0)
  })

  test('what is wrong is told with what to do, without a stack trace', async () => {
    const table: readonly [string[], RegExp][] = [
      [['status', 'draw'], /^error: There is no IdGenerator \S+\/draw\. Did you mean drawn\?\n$/],
      [['retry', 'drawn'], /^error: Nothing to retry: no revision of drawn is blocked\.\n$/],
      [['status', '--context', 'mars'], /^error: \S+ has no context "mars"; it has test\n$/],
      [['promote'], /missing required argument 'name'/],
    ]
    for (const [args, message] of table) {
      const { code, err } = await idgen(...args)
      assert.equal(code, 1, err)
      assert.match(err, message)
    }
  })
})
