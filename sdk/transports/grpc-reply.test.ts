import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type GrpcEnd, type GrpcHeaders, GrpcReply, grpcFrame } from './grpc-reply.ts'

const OK = { ':status': 200, 'content-type': 'application/grpc' }

function ended(
  head: GrpcHeaders,
  parts: readonly Buffer[] = [],
  trailers?: Record<string, string>,
): GrpcEnd | undefined {
  const reply = new GrpcReply()
  reply.begin(head)
  for (const part of parts) assert.ok(reply.add(part))
  if (trailers !== undefined) reply.trailers(trailers)
  return reply.end()
}

describe('the answer of a gRPC call', () => {
  test('is one message, in whatever pieces it comes', () => {
    const frame = grpcFrame(Buffer.from('ids'))
    const pieces = [frame.subarray(0, 3), frame.subarray(3, 6), frame.subarray(6)]
    const end = ended(OK, pieces, { 'grpc-status': '0' })
    assert.equal(end?.status, 0)
    assert.equal(Buffer.from(end?.message ?? []).toString(), 'ids')
    assert.equal(ended(OK, [grpcFrame(new Uint8Array())], { 'grpc-status': '0' })?.message.length, 0)
  })

  test('of a refused call has its status, text and details, in trailers or in the only headers', () => {
    const refusal = { 'grpc-status': '5', 'grpc-message': 'no%20tag', 'grpc-status-details-bin': 'AQI' }
    for (const end of [ended({ ...OK, ...refusal }), ended(OK, [], refusal)]) {
      assert.deepEqual([end?.status, end?.text], [5, 'no tag'])
      assert.deepEqual([...(end?.details ?? [])], [1, 2])
    }
    assert.equal(ended({ ...OK, 'grpc-status': '7', 'grpc-message': '%' })?.text, '%')
  })

  test('of somebody else than idgen is told by its HTTP status, or as no message at all', () => {
    assert.deepEqual(
      [503, 401, 404, 302].map((status) => ended({ ':status': status })?.status),
      [14, 16, 12, 2],
    )
    const good = { 'grpc-status': '0' }
    const frame = grpcFrame(Buffer.from('ids'))
    const compressed = Buffer.from([1, 0, 0, 0, 0])
    for (const bytes of [[], [frame.subarray(0, 7)], [frame, frame], [compressed]])
      assert.equal(ended(OK, bytes, good)?.status, 13)
    assert.equal(ended(OK, [], { 'grpc-status': 'fine' })?.status, 2)
    assert.equal(ended(OK, [], {})?.status, 2)
  })

  test('is none when the stream was cut off before its status', () => {
    assert.equal(new GrpcReply().end(), undefined)
    assert.equal(ended(OK, [grpcFrame(Buffer.from('ids'))]), undefined)
  })

  test('is refused beyond sixteen megabytes', () => {
    const reply = new GrpcReply()
    const part = Buffer.alloc(8_388_608)
    assert.deepEqual([reply.add(part), reply.add(part), reply.add(part)], [true, true, false])
  })
})
