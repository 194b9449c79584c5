import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { command, RespDesk } from '../../test/fixtures/resp-desk.ts'
import { ScriptedIssuer } from '../../test/fixtures/scripted-issuer.ts'
import { IdgenError } from '../core/errors.ts'
import type { IdBatch } from '../core/id-batch.ts'

const TAG = 'w/g/t'

/** Gives all that is asked for at once, or nothing of it. */
class ScarceIssuer extends ScriptedIssuer {
  left: number

  constructor(left: number) {
    super()
    this.left = left
    this.tag(TAG)
  }

  override tryTake(): boolean {
    return false
  }

  override async take(path: string, count: number, batch: IdBatch): Promise<void> {
    const more = count - batch.count
    if (more > this.left) throw new IdgenError('IDGEN_COUNT_OUT_OF_RANGE', `There are ${this.left} left.`)
    this.left -= more
    await super.take(path, more, batch)
  }
}

for (const { left, answered } of [
  { left: 5, answered: [':1', ':2', ':3', ':4', ':5'] },
  { left: 3, answered: [':1', ':2', ':3', 'ERR', 'ERR'] },
  { left: 0, answered: ['ERR', 'ERR', 'ERR', 'ERR', 'ERR'] },
])
  test(`of five commands that come together ${left} are answered where ${left} IDs are left`, async () => {
    const client = new RespDesk(new ScarceIssuer(left))
    client.receive(command('AUTH', 'key'))
    await turn()
    client.socket.read = ''
    client.receive(command('INCR', TAG).repeat(5))
    await turn()
    const lines = client.socket.read.split('\r\n').filter((line) => line !== '')
    assert.deepEqual(
      lines.map((line) => (line.startsWith('-ERR IDGEN_COUNT_OUT_OF_RANGE') ? 'ERR' : line)),
      answered,
    )
    const told = [
      ...(left < 5 ? [`k1 w/g/t IDGEN_COUNT_OUT_OF_RANGE ${5 - left} 0`] : []),
      ...(left > 0 ? [`k1 w/g/t ok ${left} ${left}`] : []),
    ]
    assert.deepEqual(client.issuer.counted.toSorted(), told)
  })
