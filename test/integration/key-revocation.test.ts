// Runs beside others: what is refused after 0.6 s with a load of fifteen on two cores is held to two seconds.

import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { after, before, describe, it } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { CallFailed } from '../fixtures/call-failed.ts'
import { IdCalls, PROTOCOLS, type Protocol } from '../fixtures/id-calls.ts'
import { type ServiceProcess, startService } from '../fixtures/service-process.ts'
import { TcpProxy } from '../fixtures/tcp-proxy.ts'
import { type TestDatabase, testDatabase } from './postgres-server.ts'
import { testRedis } from './redis-server.ts'

const ADMIN = 'key-revocation-admin-key'
/** A question takes 0.4 s there, and the poll comes once a minute: whatever is seen sooner was told. */
const SLOW = { delayMs: 200 }
const LIMIT_MS = 2000
const LOST = 'changes of API keys are not told at once, only found by the poll'
const AGAIN = 'changes of API keys are told at once again'

describe('two processes on one database, one of them far away from it', () => {
  let database: TestDatabase
  let far: TcpProxy
  let services: readonly ServiceProcess[]

  before(async () => {
    database = await testDatabase()
    const redis = await testRedis()
    const { hostname: host, port } = new URL(database.url)
    far = await TcpProxy.start({ host, port: Number(port) })
    const environment = {
      IDGEN_AUTH_ADMIN_KEY: ADMIN,
      IDGEN_AUTH_CACHE_TTL: '1h',
      IDGEN_CATALOG_POLL_EVERY: '1m',
      IDGEN_REDIS_ENDPOINTS: redis.endpoints.join(','),
      IDGEN_SERVER_RESP_ENABLED: 'true',
      IDGEN_SERVER_THREADS: '2',
    }
    const near = await startService({ ...environment, IDGEN_DATABASE_URL: database.url })
    const away = await startService({ ...environment, IDGEN_DATABASE_URL: far.through(database.url) })
    services = [near, away]
    for (const [path, name] of [
      ['', 'demo'],
      ['/demo/groups', 'load'],
      ['/demo/groups/load/tags', 'order'],
    ])
      await asked(near, 201, 'POST', `/v1/workspaces${path}`, { name })
    far.set(SLOW)
    for (const service of services) await untilHeard(service)
  })

  after(async () => {
    far?.set('pass')
    await Promise.all((services ?? []).map((service) => service.stop('SIGTERM')))
    await far?.close()
    await database?.drop()
  })

  for (const [at, where] of ['near', 'far away'].entries())
    it(`refuse a key within two seconds on every protocol when it is revoked through the one that is ${where}`, async (t) => {
      const by = serviceAt(at)
      const { id, key } = await newKey(by)
      using watch = await Watch.start(services, key)
      await asked(by, 204, 'DELETE', `/v1/keys/${id}`)
      const startMs = performance.now()
      await watch.refused()
      for (const line of watch.lines(startMs)) t.diagnostic(line)
      // Neither Redis nor a thread brings it back.
      await pause(500)
      watch.check(startMs + LIMIT_MS)
    })

  it('refuse the secret before a rotation that keeps none, within two seconds', async () => {
    const { id, key } = await newKey(serviceAt(0))
    using watch = await Watch.start(services, key)
    const startMs = performance.now()
    await asked(serviceAt(0), 200, 'POST', `/v1/keys/${id}/rotate`, { keepPreviousSeconds: 0 })
    await watch.refused()
    watch.check(startMs + LIMIT_MS)
  })

  it('let in a key long before the poll that was refused before it was made', async () => {
    const id = 'laterkey0000'
    const key = `idg_${id}_${'L'.repeat(43)}`
    const calls = new IdCalls(key, 5000, () => true)
    try {
      for (const service of services)
        await assert.rejects(calls.ask(service, 'http', 'order', 1), { code: 'IDGEN_UNAUTHENTICATED' })
      const sha256 = createHash('sha256').update(key).digest('hex')
      const draft = { name: 'later', scopes: ['issue'], sha256 }
      await asked(serviceAt(0), 201, 'PUT', `/v1/keys/${id}`, draft)
      for (const service of services)
        await within(30_000, 'the key is let in', async () => {
          return (await calls.ask(service, 'http', 'order', 1).catch(refusedOnly)) !== undefined
        })
    } finally {
      calls.close()
    }
  })

  it('go on hearing of keys after every connection to the database was torn', async () => {
    far.reset()
    // The gauge may still be of before: the lines come in this order.
    for (const line of [LOST, AGAIN])
      await within(30_000, line, () => serviceAt(1).log.some(({ msg }) => msg === line))
    const { id, key } = await newKey(serviceAt(0))
    using watch = await Watch.start(services, key)
    const startMs = performance.now()
    await asked(serviceAt(0), 204, 'DELETE', `/v1/keys/${id}`)
    await watch.refused()
    watch.check(startMs + LIMIT_MS)
  })

  it('find what was changed while they heard nothing as soon as they hear again', async () => {
    const { id, key } = await newKey(serviceAt(0))
    using watch = await Watch.start(services, key)
    // Both lines are noticed at once, and made anew only after the key is gone: it is never told of.
    far.set('hold')
    far.reset()
    await asked(serviceAt(0), 204, 'DELETE', `/v1/keys/${id}`)
    far.set(SLOW)
    // Far below the minute of the poll.
    await watch.refused()
  })

  function serviceAt(index: number): ServiceProcess {
    const service = services[index]
    assert.ok(service)
    return service
  }

  async function newKey(by: ServiceProcess): Promise<{ readonly id: string; readonly key: string }> {
    const made = await asked(by, 201, 'POST', '/v1/keys', { name: 'to be ended', scopes: ['issue'] })
    return { id: String(made['id']), key: String(made['key']) }
  }
})

interface Lane {
  readonly name: string
  passedMs: number
  refusedMs: number | undefined
}

/** Asks every process over every protocol, on connections that are kept, and notes when an ID came last. */
class Watch implements Disposable {
  readonly #lanes: Lane[] = []
  readonly #calls: IdCalls
  #ended = false

  private constructor(key: string) {
    this.#calls = new IdCalls(key, 5000, () => true)
  }

  /** Resolves when the key is known everywhere. */
  static async start(services: readonly ServiceProcess[], key: string): Promise<Watch> {
    const watch = new Watch(key)
    for (const [index, service] of services.entries())
      for (const protocol of PROTOCOLS) {
        const lane = { name: `${protocol} of ${index}`, passedMs: 0, refusedMs: undefined }
        watch.#lanes.push(lane)
        void watch.#run(lane, service, protocol)
      }
    await within(10_000, 'an ID on every lane', () => watch.#lanes.every(({ passedMs }) => passedMs > 0))
    return watch
  }

  /**
   * Every lane heard a no. That may take longer than an ID may still come: who asks while the key is looked up again, maybe on
   * a connection that must first be opened, waits for the answer.
   */
  async refused(): Promise<void> {
    const all = (): boolean => this.#lanes.every(({ refusedMs }) => refusedMs !== undefined)
    await within(30_000, 'every lane is refused', all)
  }

  check(endMs: number): void {
    for (const { name, passedMs } of this.#lanes)
      assert.ok(passedMs < endMs, `${name}: an ID came ${Math.round(passedMs - endMs)} ms after the limit`)
  }

  lines(startMs: number): string[] {
    return this.#lanes.map(({ name, passedMs, refusedMs = 0 }) => {
      const last = Math.max(0, Math.round(passedMs - startMs))
      return `${name}: last ID after ${last} ms, refused after ${Math.round(refusedMs - startMs)} ms`
    })
  }

  [Symbol.dispose](): void {
    this.#ended = true
    this.#calls.close()
  }

  async #run(lane: Lane, service: ServiceProcess, protocol: Protocol): Promise<void> {
    while (!this.#ended) {
      try {
        await this.#calls.ask(service, protocol, 'order', 1)
        lane.passedMs = performance.now()
      } catch (thrown) {
        if (this.#ended) return
        if (isRefusal(thrown)) lane.refusedMs ??= performance.now()
      }
      await pause(20)
    }
  }
}

function isRefusal(thrown: unknown): boolean {
  return thrown instanceof CallFailed && /UNAUTHENTICATED|NOAUTH|WRONGPASS/.test(`${thrown.code}`)
}

function refusedOnly(thrown: unknown): undefined {
  if (!isRefusal(thrown)) throw thrown
}

async function untilHeard({ metricsOrigin }: ServiceProcess): Promise<void> {
  await within(30_000, 'news of keys come', async () => {
    const metrics = await (await fetch(`${metricsOrigin}/metrics`)).text()
    return /^idgen_key_news_ok 1$/m.test(metrics)
  })
}

async function within(limitMs: number, what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const endMs = performance.now() + limitMs
  while (!(await holds())) {
    assert.ok(performance.now() < endMs, `not within ${Math.round(limitMs)} ms: ${what}`)
    await pause(10)
  }
}

// oxlint-disable-next-line max-params -- as a request reads
async function asked(
  service: ServiceProcess,
  status: number,
  method: string,
  path: string,
  body?: object,
): Promise<Record<string, unknown>> {
  const answer = await fetch(`${service.httpOrigin}${path}`, {
    method,
    headers: { authorization: `Bearer ${ADMIN}`, ...(body && { 'content-type': 'application/json' }) },
    ...(body && { body: JSON.stringify(body) }),
  })
  const text = await answer.text()
  assert.equal(answer.status, status, text)
  return (text === '' ? {} : JSON.parse(text)) as Record<string, unknown>
}
