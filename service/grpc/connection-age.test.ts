import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:http2'
import { test } from 'node:test'
import { type ServiceError, status } from '@grpc/grpc-js'
import { GrpcApi } from '../../test/fixtures/grpc-api.ts'
import { HealthService, IdServiceService } from '../../test/fixtures/grpc-stubs.ts'

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

test('a health watch ends with its connection, which it would keep for ever; its client watches on over another one', async (t) => {
  const api = await GrpcApi.start(t, {}, { maxConnectionAgeMs: 60_000 })
  const watch = () => {
    const { path, requestSerialize, responseDeserialize } = HealthService.watch
    return api.client.makeServerStreamRequest(path, requestSerialize, responseDeserialize, { service: '' })
  }
  const first = watch()
  await once(first, 'data')
  const ended = once(first, 'error').catch((error: unknown) => [error])
  // Told by a PING, which the client answers.
  api.memory.clock.advance(66_000)
  const [error] = (await ended) as [ServiceError]
  assert.equal(error.code, status.UNAVAILABLE, error.message)
  const second = watch()
  t.after(() => second.cancel())
  second.on('error', () => undefined)
  await once(second, 'data')
})
