import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { IdgenClientError } from '../sdk/core/client-error.ts'
import {
  readBatchResponse,
  readNodesResponse,
  readStatus,
  writeBatchRequest,
} from '../sdk/transports/grpc-messages.ts'
import { ErrorInfo, RetryInfo } from '../service/grpc/generated/google/rpc/error_details.ts'
import { Status } from '../service/grpc/generated/google/rpc/status.ts'
import { Algorithm } from '../service/grpc/generated/idgen/v1/algorithm.ts'
import {
  GenerateBatchRequest,
  GenerateBatchResponse,
  IdFormat,
} from '../service/grpc/generated/idgen/v1/id_service.ts'
import { ListNodesResponse } from '../service/grpc/generated/idgen/v1/node_service.ts'

/** The client library writes and reads its few gRPC messages by hand; here the generated code says what is right. */

const AT = 'grpc://a:1'

describe('gRPC messages of the client library', () => {
  test('a request is read by the generated code as it was meant', () => {
    const form = fc.constantFrom('runs' as const, 'text' as const)
    fc.assert(
      fc.property(fc.string(), fc.nat(0xffff_ffff), form, (path, count, wanted) => {
        const format = wanted === 'runs' ? IdFormat.RUNS : IdFormat.TEXT
        const read = GenerateBatchRequest.decode(writeBatchRequest({ path, count, form: wanted }))
        assert.deepEqual(read, { tag: path.toWellFormed(), count, format })
      }),
    )
  })

  test('an answer of the generated code is read as it was meant', () => {
    const run = fc.record({
      first: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
      count: fc.nat(0xffff_ffff),
    })
    const answer = fc.record({
      runs: fc.array(run),
      texts: fc.array(fc.string({ unit: 'grapheme' })),
      degraded: fc.boolean(),
    })
    fc.assert(
      fc.property(answer, ({ runs, texts, degraded }) => {
        const message = GenerateBatchResponse.encode({
          runs: runs.map(({ first, count }) => ({ first: String(first), count })),
          texts,
          uuids: Buffer.alloc(0),
          numbers: [],
          algorithm: Algorithm.SNOWFLAKE,
          degraded,
        }).finish()
        const read = readBatchResponse(AT, message)
        assert.deepEqual(read, {
          runs: runs.map((one) => ({ ...one })),
          texts,
          algorithm: 'snowflake',
          degraded,
        })
      }),
    )
  })

  test('every algorithm has the name that the other protocols give it', () => {
    const names = {
      SEGMENT: 'segment',
      SNOWFLAKE: 'snowflake',
      UUID_V7: 'uuid-v7',
      UUID_V4: 'uuid-v4',
    } as const
    for (const [key, name] of Object.entries(names)) {
      const algorithm = Algorithm[key as keyof typeof names]
      const rest = { runs: [], texts: ['1'], uuids: Buffer.alloc(0), numbers: [], degraded: false }
      const message = GenerateBatchResponse.encode({ ...rest, algorithm }).finish()
      assert.equal(readBatchResponse(AT, message).algorithm, name)
    }
  })

  test('UUIDs where runs were asked for are refused', () => {
    const message = GenerateBatchResponse.encode({
      runs: [],
      texts: [],
      uuids: Buffer.alloc(32),
      numbers: [],
      algorithm: Algorithm.UUID_V7,
      degraded: true,
    }).finish()
    assert.throws(() => readBatchResponse(AT, message), { code: 'IDGEN_CLIENT_WRONG_KIND', retryable: true })
  })

  test('nodes are read with their data centre and address', () => {
    const node = { http: 'http://a:8080', version: '1', startedAt: new Date(0), resp: '' }
    const message = ListNodesResponse.encode({
      dc: 0,
      current: true,
      nodes: [
        { ...node, dc: 0, node: 'a', grpc: 'a:50051' },
        { ...node, dc: 7, node: 'b', grpc: '[::1]:50051' },
      ],
    }).finish()
    assert.deepEqual(readNodesResponse(message, 'grpcs'), [
      { url: 'grpcs://a:50051', dc: 0 },
      { url: 'grpcs://[::1]:50051', dc: 7 },
    ])
  })

  test('an error is read with code, delay and trace', () => {
    const any = (name: string, value: Uint8Array) => ({
      typeUrl: `type.googleapis.com/google.rpc.${name}`,
      value: Buffer.from(value),
    })
    const info = {
      reason: 'IDGEN_OVERLOADED',
      domain: 'idgen.io',
      metadata: { retryable: 'true', traceId: 'abc' },
    }
    const details = [
      any('ErrorInfo', ErrorInfo.encode(info).finish()),
      any('RetryInfo', RetryInfo.encode({ retryDelay: { seconds: '2', nanos: 500_000_000 } }).finish()),
    ]
    const error = readStatus(
      AT,
      8,
      'too many',
      Status.encode({ code: 8, message: 'too many', details }).finish(),
    )
    assert.ok(error instanceof IdgenClientError)
    assert.deepEqual(
      [error.code, error.retryable, error.retryAfterMs, error.traceId, error.endpoint],
      ['IDGEN_OVERLOADED', true, 2500, 'abc', AT],
    )
    assert.equal(readStatus(AT, 14, 'no connection', undefined).code, 'IDGEN_CLIENT_UNREACHABLE')
    assert.equal(readStatus(AT, 12, 'no such method', undefined).code, 'IDGEN_CLIENT_ANSWER_INVALID')
  })

  test('bytes that are no message are refused, and never read for ever', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          readBatchResponse(AT, bytes)
        } catch (error) {
          assert.ok(error instanceof Error)
        }
      }),
    )
  })
})
