import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { GrpcFrames, grpcFrame, grpcRefusal } from './grpc-frames.ts'

test('messages that are cut anywhere come out whole and in order', () => {
  fc.assert(
    fc.property(
      fc.array(fc.uint8Array({ maxLength: 40 }), { minLength: 1, maxLength: 10 }),
      fc.array(fc.nat(500), { maxLength: 12 }),
      (messages, cuts) => {
        const bytes = Buffer.concat(messages.map(grpcFrame))
        const ends = [...cuts.map((cut) => cut % bytes.length), bytes.length].sort((a, b) => a - b)
        const frames = new GrpcFrames()
        const found = ends.flatMap((end, i) =>
          (frames.read(bytes.subarray(ends[i - 1] ?? 0, end)) ?? []).map((message) => [...message]),
        )
        assert.deepEqual(
          found,
          messages.map((message) => [...message]),
        )
      },
    ),
  )
})

test('a compressed message is refused', () => {
  assert.equal(new GrpcFrames().read(Buffer.from([1, 0, 0, 0, 0])), undefined)
})

test('a refusal has the stable code where there is one, else the name of the status', () => {
  assert.equal(grpcRefusal({ 'grpc-status': '0' }), undefined)
  const details = Buffer.from('\n\x15IDGEN_TAG_NOT_FOUND\x12\x05idgen').toString('base64')
  assert.deepEqual(
    grpcRefusal({ 'grpc-status': '5', 'grpc-message': 'no%20tag', 'grpc-status-details-bin': details }),
    { code: 'IDGEN_TAG_NOT_FOUND', text: 'no tag' },
  )
  assert.deepEqual(grpcRefusal({ 'grpc-status': '14', 'grpc-message': '100 %' }), {
    code: 'UNAVAILABLE',
    text: '100 %',
  })
  assert.deepEqual(grpcRefusal({}), { code: 'UNKNOWN', text: '' })
})
