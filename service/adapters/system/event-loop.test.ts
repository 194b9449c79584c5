import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { THREAD_LOOP } from './event-loop.ts'

test('what waits for reading runs after it', async (t) => {
  let turns = 0
  const count = (): void => {
    turns += 1
    THREAD_LOOP.onceRead(count)
  }
  THREAD_LOOP.onceRead(count)
  let answered = 0
  const server = createServer((_, response) => {
    answered = turns
    response.end()
  }).listen(0, '127.0.0.1')
  t.after(() => server.close())
  await new Promise((resolve) => server.once('listening', resolve))
  await (await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)).text()
  assert.ok(answered > 0 && turns > answered, 'whoever read the answer turned the loop')
})

test('what comes after reading runs at the end of the turn', async () => {
  const order: string[] = []
  await new Promise<void>((resolve) => {
    setTimeout(() => {
      THREAD_LOOP.afterReading(() => {
        order.push('after')
        resolve()
      })
      order.push('turn')
    }, 0)
  })
  assert.deepEqual(order, ['turn', 'after'])
})
