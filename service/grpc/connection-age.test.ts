import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:http2'
import { test } from 'node:test'
import { GrpcApi } from '../../test/fixtures/grpc-api.ts'
import { IdServiceService } from '../../test/fixtures/grpc-stubs.ts'

test('a connection above its age is told to go, and calls are answered all the while', async (t) => {
  const api = await GrpcApi.withTags(t, {}, { maxConnectionAgeMs: 60_000 })
  const session = connect(`http://${api.address}`)
  t.after(() => session.destroy())
  let over = false
  const told = once(session, 'goaway').then(([code]) => {
    over = true
    return code as number
  })
  const ids: string[] = [(await api.call(IdServiceService.generate, { tag: 'acme/shop/segment' })).id]
  api.memory.clock.advance(66_000)
  while (!over) ids.push((await api.call(IdServiceService.generate, { tag: 'acme/shop/segment' })).id)
  assert.equal(await told, 0, 'no error')
  assert.equal(new Set(ids).size, ids.length)
})
