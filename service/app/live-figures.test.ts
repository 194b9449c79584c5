import assert from 'node:assert/strict'
import { test } from 'node:test'
import { memoryUseCases } from '../../test/fixtures/memory-use-cases.ts'
import { settle } from '../../test/fixtures/settle.ts'
import { IdBatch } from '../core/id-batch.ts'
import { FigureHistory } from './figure-history.ts'
import { readFigures } from './live-figures.ts'

const ACTOR = { actor: 'test', traceId: undefined }

test('a rate is of all that was issued, also of tags that left memory since the last look', async (t) => {
  const memory = await memoryUseCases()
  t.after(() => memory.stop())
  const { useCases, service, clock } = memory
  const { catalog, generate, directory } = useCases
  await catalog.createWorkspace(ACTOR, 'acme', '')
  await catalog.createGroup(ACTOR, 'acme', 'shop', '')
  for (const name of ['large', 'small'])
    await catalog.createTag(ACTOR, { workspace: 'acme', group: 'shop', name }, { algorithm: 'uuid-v4' })
  const issue = async (name: string, count: number): Promise<void> =>
    generate.take(await directory.resolve(`acme/shop/${name}`), count, new IdBatch())
  await issue('large', 500)
  const history = new FigureHistory(() => readFigures({ ...service, fold: () => {} }), clock)
  history.start()
  await issue('large', 10)
  await issue('small', 30)
  await directory.drop('acme/shop/large', true)
  clock.advance(2000)
  await settle()
  const [interval] = history.curve('5m')?.intervals ?? []
  assert.deepEqual([interval?.did?.ids, interval?.did?.requests], [20, 1])
  assert.equal(history.now().ids, 540)
  assert.equal(history.now().tags, 1)
  await history.stop()
})
