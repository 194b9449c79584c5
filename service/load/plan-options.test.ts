import assert from 'node:assert/strict'
import { test } from 'node:test'
import { IdgenError } from '../core/errors.ts'
import type { LoadPlan } from './load-plan.ts'
import { type PlanOptions, planOf } from './plan-options.ts'

const HTTP = 'http://127.0.0.1:9'
/** What the command has where nothing is said. */
const DEFAULTS: PlanOptions = {
  tag: ['a/b/c'],
  threads: '1',
  connections: '16',
  pipeline: '1',
  batch: '1',
  as: 'text',
  command: 'incr',
  duration: '10s',
  warmUp: '0s',
  check: true,
}

function plan(target: string, options: Partial<PlanOptions> = {}): LoadPlan {
  return planOf(target, { ...DEFAULTS, ...options })
}

test('bad input is refused with the option, the value and what to write instead', () => {
  const cases: readonly [string, Partial<PlanOptions>, RegExp][] = [
    [HTTP, { tag: [] }, /--tag is missing/],
    [HTTP, { tag: ['orders'] }, /workspace\/group\/tag, not "orders"\. The target comes first/],
    [HTTP, { tag: ['a/b/c', 'http://x:1'] }, /not "http:\/\/x:1"\. The target comes first/],
    [HTTP, { tag: ['a/b/c\r\nx: y'] }, /no blanks, not "a\/b\/c\\r\\nx: y"/],
    [HTTP, { tag: ['a/b/t{9..1}'] }, /must ascend/],
    [HTTP, { tag: ['a/b/t{1..10001}'] }, /names 10001 tags; at most 10000/],
    ['ftp://x', {}, /address like http.*not "ftp:\/\/x"/],
    ['localhost:8080', {}, /address like http.*not "localhost:8080"/],
    ['grpc://x', {}, /names no port/],
    ['http://user:word@x', {}, /must not hold a password/],
    [HTTP, { protocol: 'smtp' }, /one of http, grpc, grpc-stream, resp, not "smtp"/],
    [HTTP, { rate: '1e5' }, /--rate must be an integer from 1 to \d+, not "1e5"/],
    [HTTP, { connections: '0' }, /--connections must be .*not "0"/],
    [HTTP, { pipeline: '-1' }, /--pipeline must be .*not "-1"/],
    [HTTP, { batch: '2000000' }, /--batch must be an integer from 1 to 1000000/],
    [HTTP, { threads: '2', connections: '1' }, /--threads 2 is more than --connections 1/],
    [HTTP, { duration: '10' }, /a time like 500ms, 10s or 5m, up to 24h, not "10"/],
    [HTTP, { duration: '0s' }, /--duration must be a time.*not "0s"/],
    [HTTP, { duration: '25h' }, /not "25h"/],
    [HTTP, { warmUp: '1500ms' }, /whole seconds, not 1500 ms/],
    [HTTP, { as: 'json' }, /--as must be one of text, runs, numbers, not "json"/],
    [HTTP, { as: 'numbers', batch: '10' }, /--as numbers is for --protocol grpc .*not http with --batch 10/],
    ['grpc://127.0.0.1:9', { as: 'numbers' }, /--batch above 1.*not grpc with --batch 1/],
    ['redis://127.0.0.1:9', { as: 'numbers' }, /--as numbers is not for resp/],
    [HTTP, { command: 'next' }, /--command is for --protocol resp/],
    [HTTP, { keyFile: '/nowhere' }, /--key-file \/nowhere cannot be read/],
    [HTTP, { keyFile: import.meta.filename, key: 'x' }, /The key holds blanks|Give the key once/],
    [HTTP, { key: 'a b' }, /The key holds blanks/],
    [HTTP, { ca: 'x' }, /--ca needs a target with TLS/],
    [HTTP, { requests: '1', threads: '2' }, /--requests 1 is less than --threads 2/],
    ['redis://x:1', { tag: ['a'], command: 'next', batch: '2' }, /--batch 2 needs --command incr/],
    ['redis://x:1', { tag: ['a'], as: 'runs' }, /--as runs is not for resp/],
  ]
  for (const [target, options, expected] of cases)
    assert.throws(
      () => plan(target, options),
      (error) =>
        error instanceof IdgenError && error.code === 'IDGEN_REQUEST_INVALID' && expected.test(error.message),
      `${target} ${JSON.stringify(options)}`,
    )
})

test('a key that is refused is not shown', () => {
  assert.throws(
    () => plan(HTTP, { key: 'se cret' }),
    (error) => error instanceof IdgenError && !/cret/.test(error.message),
  )
})

test('the protocol is that of the address, unless it is named', () => {
  const protocols = ['http://x', 'https://x', 'grpc://x:1', 'grpcs://x:1', 'redis://x:1', 'rediss://x:1'].map(
    (target) => {
      const { protocol, port, tls } = plan(target).target
      return `${protocol} ${port}${tls === undefined ? '' : ' tls'}`
    },
  )
  assert.deepEqual(protocols, ['http 80', 'http 443 tls', 'grpc 1', 'grpc 1 tls', 'resp 1', 'resp 1 tls'])
  assert.equal(plan('grpc://[::1]:50051', { protocol: 'grpc-stream' }).target.protocol, 'grpc-stream')
  assert.equal(plan('grpc://[::1]:50051').target.host, '::1')
})

test('numbers in braces are as many tags, and times have units', () => {
  assert.deepEqual(plan(HTTP, { tag: ['a/b/t{9..11}', 'a/b/c'] }).tags, [
    'a/b/t9',
    'a/b/t10',
    'a/b/t11',
    'a/b/c',
  ])
  assert.equal(plan(HTTP, { duration: '250ms' }).durationMs, 250)
  assert.equal(plan(HTTP, { duration: '2m', warmUp: '3s' }).durationMs, 120_000)
  assert.equal(plan(HTTP, { warmUp: '3s' }).warmUpMs, 3000)
})
