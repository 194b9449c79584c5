import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { IdGeneratorStatus } from '../api/generated/id-generator.ts'
import type { IdGenerator } from '../api/kinds.ts'
import { KubeError, type KubeRequest } from '../runtime/kube-client.ts'
import { settle } from '../runtime/manual-clock.ts'
import { EXAMPLES } from './example-views.ts'
import { type FakeWorld, fakeWorld } from './fake-world.ts'
import type { CommandVerb } from './rollout-command.ts'
import { type CommandRequest, runCommand } from './run-command.ts'

const CANARY = 'f6e7d8c9b0'

/** One IdGenerator on a server, and what the operator makes of a command. */
class Cluster {
  object: IdGenerator
  readonly patches: KubeRequest[] = []
  /** Called with each patch that was taken. */
  operator: (cluster: Cluster) => void = () => {}
  refusals: KubeError[] = []
  events: object[] = []

  constructor(object: IdGenerator, { kube }: FakeWorld) {
    this.object = object
    kube.answer = (request) => this.#answer(request)
  }

  /** As the operator does it: the status first, then the annotation goes. */
  becomes(status: object, ...removed: string[]): void {
    const annotations = { ...this.object.metadata.annotations }
    for (const name of removed) delete annotations[`idgen.io/${name}`]
    const metadata = {
      ...this.object.metadata,
      annotations,
      resourceVersion: `${this.object.metadata.resourceVersion}1`,
    }
    this.object = { ...this.object, metadata, status: { ...this.object.status, ...status } }
  }

  #answer(request: KubeRequest): unknown {
    if (request.path.endsWith('/events')) return { metadata: {}, items: this.events }
    if (request.method === 'GET') return this.object
    this.patches.push(request)
    const refusal = this.refusals.shift()
    if (refusal !== undefined) throw refusal
    const body = request.body as {
      metadata: { resourceVersion: string; annotations: Record<string, string | null> }
    }
    assert.equal(body.metadata.resourceVersion, this.object.metadata.resourceVersion)
    const annotations: Record<string, string> = { ...this.object.metadata.annotations }
    for (const [name, value] of Object.entries(body.metadata.annotations))
      if (value === null) delete annotations[name]
      else annotations[name] = value
    this.object = { ...this.object, metadata: { ...this.object.metadata, annotations } }
    this.operator(this)
    return this.object
  }
}

function request(verb: CommandVerb, changes: Partial<CommandRequest> = {}): CommandRequest {
  return { verb, name: 'orders', revision: undefined, yes: false, json: false, ...changes }
}

function rollout(changes: object): IdGeneratorStatus {
  return { rollout: { ...EXAMPLES.hold.generator.status?.rollout, ...changes } }
}

describe('a command', () => {
  test('is written onto what was read, taken, and what came of it is told', async () => {
    const fake = fakeWorld()
    const cluster = new Cluster(EXAMPLES.hold.generator, fake)
    cluster.operator = () =>
      cluster.becomes(rollout({ stepIndex: 1, desiredWeight: 50, message: 'pods are changing' }), 'promote')
    await runCommand(fake.world, request('promote'))
    assert.deepEqual(cluster.patches[0]?.body, {
      metadata: { resourceVersion: '7', annotations: { 'idgen.io/promote': CANARY } },
    })
    assert.equal(cluster.patches[0]?.contentType, 'application/merge-patch+json')
    assert.equal(fake.said.out, `Revision ${CANARY} is at step 2 of 3 (50 %): pods are changing.\n`)
    assert.match(fake.said.err, /kubectl idgen status orders -n shop --watch/)
  })

  test('shows that it waits until the operator takes it', async () => {
    const fake = fakeWorld()
    const cluster = new Cluster(EXAMPLES.hold.generator, fake)
    const running = runCommand(fake.world, request('pause'))
    await fake.clock.advance(2000)
    assert.deepEqual(fake.said.progress.slice(-1), ['Waiting for the operator: 2 s'])
    cluster.becomes(rollout({ pause: { reason: 'User' } }))
    await fake.clock.advance(500)
    await running
    assert.equal(fake.said.progress.at(-1), '')
    assert.match(fake.said.out, /at step 1 of 3/)
  })

  test('that nobody takes ends after 30 s and says how to take it back', async () => {
    const fake = fakeWorld()
    new Cluster(EXAMPLES.hold.generator, fake)
    const running = assert.rejects(runCommand(fake.world, request('promote')), (thrown: Error) => {
      assert.match(thrown.message, /did not take it within 30 s\. It stays written/)
      assert.match(thrown.message, /kubectl annotate -n shop idg\/orders idgen\.io\/promote-$/)
      return true
    })
    await fake.clock.advance(30_000)
    await running
    assert.equal(fake.clock.pending, 0)
  })

  test('is written again when only the status changed in between', async () => {
    const fake = fakeWorld()
    const cluster = new Cluster(EXAMPLES.hold.generator, fake)
    cluster.refusals = [new KubeError('conflict', 409), new KubeError('conflict', 409)]
    cluster.operator = () => cluster.becomes(rollout({ stepPromoted: true }), 'promote')
    await runCommand(fake.world, request('promote'))
    assert.equal(cluster.patches.length, 3)
  })

  test('is not written for a rollout that began in between', async () => {
    const fake = fakeWorld()
    const cluster = new Cluster(EXAMPLES.hold.generator, fake)
    const answer = fake.kube.answer
    fake.kube.answer = (one) => {
      if (one.method !== 'PATCH') return answer(one)
      cluster.becomes(rollout({ revision: 'eeeeeeeeee' }))
      throw new KubeError('conflict', 409)
    }
    await assert.rejects(
      runCommand(fake.world, request('promote')),
      /meanwhile it is about revision eeeeeeeeee, no longer f6e7d8c9b0/,
    )
    assert.equal(cluster.object.metadata.annotations?.['idgen.io/promote'], undefined)
  })

  test('gives up when others write all the time', async () => {
    const fake = fakeWorld()
    const cluster = new Cluster(EXAMPLES.hold.generator, fake)
    cluster.refusals = Array.from({ length: 9 }, () => new KubeError('conflict', 409))
    await assert.rejects(runCommand(fake.world, request('promote')), /changed by others all the time/)
    assert.equal(cluster.patches.length, 5)
  })

  test('that the operator ignores fails with the reason of its event', async () => {
    const fake = fakeWorld()
    const cluster = new Cluster(EXAMPLES.hold.generator, fake)
    cluster.operator = () => cluster.becomes(rollout({ state: 'Promoted' }), 'abort')
    const note = `idgen.io/abort=${CANARY} is ignored: no rollout is under way.`
    cluster.events = [
      {
        metadata: { name: 'e' },
        kind: 'Event',
        reason: 'RolloutCommandIgnored',
        note,
        eventTime: '2026-01-01T00:00:00Z',
      },
    ]
    await assert.rejects(runCommand(fake.world, request('abort', { yes: true })), {
      message: `The operator did not follow. ${note}`,
    })
  })

  test('that is so already writes nothing', async () => {
    const fake = fakeWorld()
    const cluster = new Cluster(EXAMPLES.quiet.generator, fake)
    await runCommand(fake.world, request('resume'))
    assert.equal(fake.said.out, 'orders is not paused.\n')
    assert.deepEqual(cluster.patches, [])
  })

  test('that somebody may not give says which role is missing', async () => {
    const fake = fakeWorld()
    const cluster = new Cluster(EXAMPLES.hold.generator, fake)
    cluster.refusals = [new KubeError('forbidden', 403)]
    await assert.rejects(
      runCommand(fake.world, request('promote')),
      /^PluginError: You may not patch IdGenerators in namespace shop\. Ask .* for the role edit of that namespace/,
    )
  })

  test('answers programs in JSON', async () => {
    const fake = fakeWorld()
    const cluster = new Cluster(EXAMPLES['rolled-back'].generator, fake)
    cluster.operator = () => cluster.becomes({ blockedRevisions: [] }, 'retry')
    await runCommand(fake.world, request('retry', { json: true }))
    const answer = JSON.parse(fake.said.out) as Record<string, unknown>
    assert.deepEqual(Object.keys(answer), ['command', 'revision', 'message', 'rollout'])
    assert.equal(fake.said.err, '')
  })
})

describe('a command that destroys something', () => {
  test('asks first, and no is no', async () => {
    const questions: string[] = []
    const fake = fakeWorld({ ask: (question) => Promise.resolve(questions.push(question) > 5) })
    const cluster = new Cluster(EXAMPLES.hold.generator, fake)
    await assert.rejects(runCommand(fake.world, request('abort')), { message: 'Nothing was changed.' })
    assert.match(questions[0] ?? '', /is given up: all pods go back to a1b2c3d4e5/)
    assert.deepEqual(cluster.patches, [])
  })

  test('goes on after yes', async () => {
    const fake = fakeWorld({ ask: () => Promise.resolve(true) })
    const cluster = new Cluster(EXAMPLES.hold.generator, fake)
    cluster.operator = () =>
      cluster.becomes(rollout({ state: 'RolledBack', message: 'somebody aborted it' }), 'abort')
    await runCommand(fake.world, request('abort'))
    assert.match(fake.said.out, /rolled back to a1b2c3d4e5: somebody aborted it/)
  })

  test('where nobody can be asked needs --yes', async () => {
    const fake = fakeWorld()
    const cluster = new Cluster(EXAMPLES.hold.generator, fake)
    await assert.rejects(
      runCommand(fake.world, request('promote-full')),
      /Nobody can be asked here: add --yes\./,
    )
    assert.deepEqual(cluster.patches, [])
    await settle()
  })
})
