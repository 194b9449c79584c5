import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { memoryUseCases } from '../../test/fixtures/memory-use-cases.ts'
import { command, RespDesk } from '../../test/fixtures/resp-desk.ts'
import { settle } from '../../test/fixtures/settle.ts'
import { MemoryClock } from '../adapters/memory/memory-clock.ts'
import { LocalIssuer } from '../app/local-issuer.ts'

/** The real issuer: a date has 9,999 numbers, and whatever was refused must still be to be had. */

const ACTOR = { actor: 'test', traceId: undefined }
const TAG = 'w/g/invoice'
const DAY = 9999
const NO_LIMITS = { IDGEN_LIMITS_PER_ADDRESS: '0', IDGEN_LIMITS_PER_KEY: '0', IDGEN_LIMITS_PER_TAG: '0' }

async function desk(t: TestContext) {
  const clock = new MemoryClock(Date.parse('2026-03-31T12:00:00Z'))
  const memory = await memoryUseCases({ clock, environment: NO_LIMITS })
  t.after(() => memory.stop())
  const { catalog, directory } = memory.useCases
  await catalog.createWorkspace(ACTOR, 'w', '')
  await catalog.createGroup(ACTOR, 'w', 'g', '')
  const space = { dcCount: 1, format: { reset: 'day', width: 4 } as const }
  await catalog.createTag(ACTOR, { workspace: 'w', group: 'g', name: 'invoice' }, { space })
  const client = new RespDesk(new LocalIssuer(memory.useCases, 'resp'))
  const ask = async (...words: string[]): Promise<string> => await askTogether(1, ...words)
  const askTogether = async (times: number, ...words: string[]): Promise<string> => {
    client.socket.read = ''
    client.receive(command(...words).repeat(times))
    await settle(times * 3 + 20)
    return client.socket.read
  }
  await ask('AUTH', memory.keyText)
  const take = async (count: number): Promise<void> => {
    for (let left = count; left > 0; ) {
      const many = Math.min(left, 1000)
      assert.equal(ids(await askTogether(many, 'IDGEN.NEXT', TAG)).length, many)
      left -= many
    }
  }
  return { ask, askTogether, take, served: () => directory.peek(TAG)?.served.segment.ids }
}

function ids(answer: string): string[] {
  return answer.split('\r\n').filter((line) => line.startsWith('20260331'))
}

test('of commands that come together for more than the day has left, as many are answered as there are', async (t) => {
  const { askTogether, take, served } = await desk(t)
  await take(DAY - 149)
  const answer = await askTogether(200, 'IDGEN.NEXT', TAG)
  assert.equal(new Set(ids(answer)).size, 149)
  assert.equal(answer.split('\r\n').filter((line) => line.startsWith('-')).length, 51)
  assert.equal(served(), DAY)
})

test('a refused command for runs spends nothing of a day', async (t) => {
  const { ask, take } = await desk(t)
  assert.match(await ask('IDGEN.RUNS', TAG, '9000'), /no runs of it/)
  await take(DAY)
  assert.match(await ask('IDGEN.NEXT', TAG), /IDGEN_RANGE_EXHAUSTED/)
})
