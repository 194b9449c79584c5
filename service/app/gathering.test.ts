import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { IdgenError } from '../core/errors.ts'
import { Gathering } from './gathering.ts'

describe('rows that ask together', () => {
  it('take as many calls as one of them has steps, and each gets its own answer', async () => {
    const gathering = new Gathering()
    const calls: number[][] = []
    const double = gathering.desk(async (numbers: readonly number[]) => {
      calls.push([...numbers])
      return numbers.map((one) => ({ value: 2 * one }))
    })
    const results = await gathering.run([1, 2, 3], async (row) => await double(await double(row)))
    assert.deepEqual(results, [{ value: 4 }, { value: 8 }, { value: 12 }])
    assert.deepEqual(calls, [
      [1, 2, 3],
      [2, 4, 6],
    ])
  })

  it('wait for none that has ended, or asks at another desk', async () => {
    const gathering = new Gathering()
    const calls: string[] = []
    const desk = (name: string) =>
      gathering.desk(async (rows: readonly number[]) => {
        calls.push(`${name} ${rows.join()}`)
        return rows.map((value) => ({ value }))
      })
    const [a, b] = [desk('a'), desk('b')]
    await gathering.run([1, 2, 3, 4], async (row) => {
      if (row === 4) return
      await (row === 1 ? b(row) : a(row))
      if (row === 3) throw new Error('it ends')
      await a(row)
    })
    assert.deepEqual(calls, ['a 2,3', 'b 1', 'a 2,1'])
    assert.equal(await a(9), 9, 'alone when no row runs')
  })

  it('are refused one by one, or all of them where the call failed', async () => {
    const gathering = new Gathering()
    const refused = new IdgenError('IDGEN_TAG_NOT_FOUND', 'gone')
    const picky = gathering.desk(async (rows: readonly number[]) =>
      rows.map((row) => (row === 2 ? { refused } : { value: row })),
    )
    assert.deepEqual(await gathering.run([1, 2], picky), [{ value: 1 }, { refused }])
    const away = new IdgenError('IDGEN_STORE_UNAVAILABLE', 'away')
    const failing = gathering.desk(async (): Promise<never> => {
      throw away
    })
    assert.deepEqual(await gathering.run([1, 2], failing), [{ refused: away }, { refused: away }])
  })
})
