// Runs beside others: it counts answers and look-ups, and looks at no clock.

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { connect } from 'node:net'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { callGrpc, grpcSessionFrom, HttpFrom, ONE_ADDRESS } from '../fixtures/calls-from-address.ts'
import { IdServiceService } from '../fixtures/grpc-stubs.ts'
import { scrapedMetrics } from '../fixtures/scraped-metrics.ts'
import { type ServiceProcess, startService } from '../fixtures/service-process.ts'
import { temporaryFolder } from '../fixtures/temporary-folder.ts'
import { HEADERS, KEY, makeTag } from './embedded-service.ts'

const LAUNCHER = fileURLToPath(new URL('../../bin/idgen', import.meta.url))
const IDS = '/v1/workspaces/w/groups/g/tags/t/ids'
const ALLOWED = 10
const TRIED = 40

/** What became of one key: the same three outcomes on each protocol. */
type Outcome = 'in' | 'wrong' | 'limited'
/** Tries keys one after another from an address. */
type Guess = (service: ServiceProcess, from: string, keys: readonly string[]) => Promise<Outcome[]>

const PROTOCOLS: Readonly<Record<string, Guess>> = { HTTP: overHttp, gRPC: overGrpc, RESP: overResp }

/** The form of a key, which nobody has. */
function wrongKey(): string {
  return `idg_${randomBytes(6).toString('hex')}_${randomBytes(32).toString('base64').replace(/[+/=]/g, 'A').slice(0, 43)}`
}

function outcomeOf(told: unknown, names: readonly [unknown, unknown, unknown]): Outcome {
  const at = names.indexOf(told)
  return (['in', 'wrong', 'limited'] as const)[at] ?? assert.fail(`an answer of another kind: ${told}`)
}

async function overHttp(service: ServiceProcess, from: string, keys: readonly string[]): Promise<Outcome[]> {
  using client = new HttpFrom(service.httpOrigin, from)
  const outcomes: Outcome[] = []
  for (const key of keys) {
    const { status } = await client.call({ method: 'POST', path: IDS, key })
    outcomes.push(outcomeOf(status, [200, 401, 429]))
  }
  return outcomes
}

async function overGrpc(service: ServiceProcess, from: string, keys: readonly string[]): Promise<Outcome[]> {
  const session = grpcSessionFrom(service.grpcAddress, from)
  const { path, requestSerialize } = IdServiceService.generate
  const outcomes: Outcome[] = []
  for (const key of keys) {
    const { status } = await callGrpc(session, { path, message: requestSerialize({ tag: 'w/g/t' }), key })
    outcomes.push(outcomeOf(status, ['0', '16', '8']))
  }
  session.close()
  return outcomes
}

async function overResp(service: ServiceProcess, from: string, keys: readonly string[]): Promise<Outcome[]> {
  const socket = connect({ host: '127.0.0.1', port: service.respPort ?? 0, localAddress: from })
  const lines = createInterface({ input: socket })[Symbol.asyncIterator]()
  const outcomes: Outcome[] = []
  for (const key of keys) {
    socket.write(`AUTH ${key}\r\n`)
    const { value } = (await lines.next()) as { value: string }
    outcomes.push(outcomeOf(value.split(' ')[0], ['+OK', '-WRONGPASS', '-TRYAGAIN']))
  }
  socket.destroy()
  return outcomes
}

async function newKey(service: ServiceProcess): Promise<string> {
  const body = JSON.stringify({ name: 'shop', scopes: ['issue'] })
  const answer = await fetch(`${service.httpOrigin}/v1/keys`, { method: 'POST', headers: HEADERS, body })
  return ((await answer.json()) as { key: string }).key
}

async function metric(service: ServiceProcess, name: string): Promise<number> {
  return (await scrapedMetrics(service)).get(name) ?? assert.fail(`no metric ${name}`)
}

for (const threads of [1, 2])
  test(`who tries many wrong keys is refused before the database is asked, with ${threads} thread(s)`, {
    skip: ONE_ADDRESS,
  }, async (t) => {
    const folder = temporaryFolder('idgen-service-')
    const service = await startService({
      IDGEN_DATA_DIR: folder,
      IDGEN_AUTH_ADMIN_KEY: KEY,
      IDGEN_SERVER_RESP_ENABLED: 'true',
      IDGEN_SERVER_THREADS: String(threads),
      IDGEN_LIMITS_WRONG_KEYS: String(ALLOWED),
    })
    t.after(() => service.stop('SIGKILL'))
    await makeTag(service, 't', {})
    const tried: string[] = []
    for (const [at, [protocol, guess]] of Object.entries(PROTOCOLS).entries()) {
      const from = `127.0.0.${at + 2}`
      const [known, fresh] = [await newKey(service), await newKey(service)]
      assert.deepEqual(await guess(service, from, [known]), ['in'], protocol)
      const before = await metric(service, 'idgen_api_key_cache_misses_total')
      const wrong = Array.from({ length: TRIED }, wrongKey)
      tried.push(...wrong)
      const outcomes = await guess(service, from, wrong)
      const lookedAt = outcomes.filter((outcome) => outcome === 'wrong').length
      // A try comes back every 6 s; a busy machine may take that long.
      assert.ok(lookedAt >= ALLOWED && lookedAt < TRIED / 2, `${protocol}: ${outcomes}`)
      assert.equal((await metric(service, 'idgen_api_key_cache_misses_total')) - before, lookedAt, protocol)
      assert.deepEqual(await guess(service, from, [known]), ['in'], `${protocol}: a known key goes on`)
      assert.deepEqual(await guess(service, '127.0.0.1', [fresh]), ['in'], `${protocol}: others go on`)
    }
    const limited = await metric(service, 'idgen_rate_limited_total{kind="wrong-key"}')
    const wrong = await metric(service, 'idgen_wrong_api_keys_total')
    assert.equal(wrong + limited, TRIED * 3)
    assert.equal(await service.stop('SIGTERM'), 0)
    const records = await auditOf(folder)
    for (const from of ['127.0.0.2', '127.0.0.3', '127.0.0.4'])
      assert.ok(records.includes(`"address":"${from}"`), from)
    for (const key of tried) assert.ok(!records.includes(key.slice(17)), 'a secret is in the audit log')
  })

/** The records of refused keys, as text. */
async function auditOf(folder: string): Promise<string> {
  const env = { ...process.env, IDGEN_DATA_DIR: folder }
  const { stdout } = await promisify(execFile)(LAUNCHER, ['audit', 'export'], { env, maxBuffer: 1e8 })
  return stdout
    .split('\n')
    .filter((line) => line.includes('"key.refuse"'))
    .join('\n')
}
