import assert from 'node:assert/strict'
import { beforeEach, describe, test } from 'node:test'
import { MemoryClock } from '../adapters/memory/memory-clock.ts'
import type { ApiKey } from '../ports/api-key-store.ts'
import { GuessedKeys } from './guessed-keys.ts'

const WRONG = (): boolean => false
const RIGHT = (): boolean => true

let clock: MemoryClock
let finds: number
let stored: Map<string, ApiKey>
let guessed: GuessedKeys

function keyOf(id: string): ApiKey {
  return { id } as unknown as ApiKey
}

async function find(id: string, isRight: () => boolean): Promise<string | undefined> {
  return (await guessed.find(id, isRight, (work) => work()))?.id
}

describe('keys that are guessed at', () => {
  beforeEach(() => {
    clock = new MemoryClock()
    finds = 0
    stored = new Map([['a', keyOf('a')]])
    const keys = {
      find: async (id: string) => {
        finds += 1
        return stored.get(id)
      },
    }
    guessed = new GuessedKeys(keys, clock)
  })

  test('cost the store one look-up a second, and the right secret is compared meanwhile', async () => {
    for (let i = 0; i < 100; i += 1) assert.equal(await find('a', WRONG), 'a')
    assert.equal(finds, 1)
    assert.equal(await find('a', RIGHT), 'a')
    clock.advance(1000)
    await find('a', WRONG)
    assert.equal(finds, 2)
  })

  test('that do not exist are not looked for again and again', async () => {
    for (let i = 0; i < 100; i += 1) assert.equal(await find('none', WRONG), undefined)
    assert.equal(finds, 1)
  })

  test('with their right secrets are asked each time: the authenticator remembers those', async () => {
    await find('a', RIGHT)
    await find('a', RIGHT)
    assert.equal(finds, 2)
  })

  test('that change are asked for again at once', async () => {
    await find('a', WRONG)
    stored.delete('a')
    guessed.forget('a')
    assert.equal(await find('a', WRONG), undefined)
    stored.set('a', keyOf('a'))
    guessed.forget(undefined)
    assert.equal(await find('a', WRONG), 'a')
  })

  test('that change while they are looked up are not remembered as they were', async () => {
    const asked = find('a', WRONG)
    guessed.forget('a')
    await asked
    await find('a', WRONG)
    assert.equal(finds, 2)
  })

  test('are remembered though others change, and others guess at the same key, while they are looked up', async () => {
    const held = Promise.withResolvers<void>()
    const asked = find('a', WRONG)
    const later = guessed.find('a', WRONG, async (work) => {
      await held.promise
      return await work()
    })
    guessed.forget('other')
    await asked
    await find('a', WRONG)
    assert.equal(finds, 1)
    held.resolve()
    await later
  })

  test('are remembered up to a limit', async () => {
    await find('a', WRONG)
    for (let i = 0; i < 1000; i += 1) await find(`b${i}`, WRONG)
    finds = 0
    await find('a', WRONG)
    assert.equal(finds, 1)
  })
})
