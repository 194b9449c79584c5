// Runs alone: it must send twice the rate that is let through, and 95 % of the limit must pass.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { Agent, type IncomingMessage, request } from 'node:http'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { ONE_ADDRESS } from '../fixtures/calls-from-address.ts'
import { scrapedMetrics } from '../fixtures/scraped-metrics.ts'
import { type ServiceProcess, startService } from '../fixtures/service-process.ts'
import { temporaryFolder } from '../fixtures/temporary-folder.ts'
import { until } from '../fixtures/until.ts'

const KEY = 'rate-limits-admin-key'
const IDS = '/v1/workspaces/acme/groups/shop/tags/order/ids'
const PER_SECOND = 400
/** What passes at once at the beginning. Sending may stand still so long on a busy machine, and nothing is lost. */
const BURST = PER_SECOND
const MEASURED_MS = 3000

function keptConnections(): Disposable & { readonly agent: Agent } {
  const agent = new Agent({ keepAlive: true, maxSockets: 8 })
  return { agent, [Symbol.dispose]: () => agent.destroy() }
}

interface Outcome {
  passed: number
  refused: number
  /** Headers of the last refusal. */
  headers: IncomingMessage['headers']
}

describe('a real service with a limit per address', () => {
  let folder = ''
  let service: ServiceProcess

  before(async () => {
    folder = temporaryFolder('idgen-limits-')
    const config = join(folder, 'idgen.yaml')
    await writeConfig(0)
    service = await startService(
      { IDGEN_DATA_DIR: join(folder, 'data'), IDGEN_AUTH_ADMIN_KEY: KEY, IDGEN_LIMITS_PER_ADDRESS: '' },
      ['--config', config],
    )
    for (const [path, name] of [
      ['', 'acme'],
      ['/acme/groups', 'shop'],
      ['/acme/groups/shop/tags', 'order'],
    ])
      await created(`/v1/workspaces${path}`, { name })
    await limit(PER_SECOND)
  })

  after(() => service.stop('SIGTERM'))

  const writeConfig = (perAddress: number): Promise<void> =>
    writeFile(join(folder, 'idgen.yaml'), `limits: { perAddress: ${perAddress} }\n`)

  /** Live, as an operator of the service changes it. */
  async function limit(perAddress: number): Promise<void> {
    const changes = (): number => service.log.filter(({ msg }) => msg === 'configuration changed').length
    const before = changes()
    await writeConfig(perAddress)
    await until('the change is seen', () => changes() > before)
  }

  async function created(path: string, body: object): Promise<void> {
    const headers = { authorization: `Bearer ${KEY}`, 'content-type': 'application/json' }
    const answer = await fetch(`${service.httpOrigin}${path}`, {
      method: 'POST',
      headers,
      body: JSON.stringify(body),
    })
    assert.equal(answer.status, 201, await answer.text())
  }

  /** Asks at `perSecond`, and catches up when it was late. */
  async function flood(localAddress: string, perSecond: number): Promise<Outcome> {
    const outcome: Outcome = { passed: 0, refused: 0, headers: {} }
    using agent = keptConnections()
    const asked: Promise<void>[] = []
    const startMs = performance.now()
    for (let sent = 0; performance.now() - startMs < MEASURED_MS; await pause(5)) {
      const due = ((performance.now() - startMs) * perSecond) / 1000
      for (; sent < due; sent += 1) asked.push(ask(localAddress, agent.agent, outcome))
    }
    await Promise.all(asked)
    return outcome
  }

  /** Asks, waits, asks: at most 100 times a second. */
  async function trickle(localAddress: string): Promise<Outcome> {
    const outcome: Outcome = { passed: 0, refused: 0, headers: {} }
    using agent = keptConnections()
    const startMs = performance.now()
    while (performance.now() - startMs < MEASURED_MS) {
      await ask(localAddress, agent.agent, outcome)
      await pause(10)
    }
    return outcome
  }

  async function ask(localAddress: string, agent: Agent, outcome: Outcome): Promise<void> {
    const call = request(`${service.httpOrigin}${IDS}`, {
      method: 'POST',
      agent,
      localAddress,
      headers: { authorization: `Bearer ${KEY}` },
    })
    call.end()
    const [response] = (await once(call, 'response')) as [IncomingMessage]
    response.resume()
    await once(response, 'end')
    if (response.statusCode === 200) outcome.passed += 1
    else {
      assert.equal(response.statusCode, 429)
      outcome.refused += 1
      outcome.headers = response.headers
    }
  }

  test('lets so much through as it says, and says so; other addresses notice nothing', {
    skip: ONE_ADDRESS,
  }, async () => {
    const startMs = performance.now()
    const [greedy, modest] = await Promise.all([flood('127.0.0.1', PER_SECOND * 2), trickle('127.0.0.2')])
    const seconds = (performance.now() - startMs) / 1000
    assert.equal(modest.refused, 0)
    assert.ok(modest.passed > 0)
    assert.ok(greedy.refused > 0)
    // The machine may send late; it may not let more through.
    const most = PER_SECOND * seconds + BURST
    assert.ok(greedy.passed <= most, `${greedy.passed} passed in ${seconds} s, at most ${most} may`)
    assert.ok(
      greedy.passed >= (PER_SECOND * (MEASURED_MS / 1000) + BURST) * 0.95,
      `only ${greedy.passed} passed`,
    )
    assert.equal(greedy.headers['retry-after'], '1')
    assert.equal(greedy.headers['ratelimit-policy'], `"address";q=${PER_SECOND};w=1`)
    assert.equal(greedy.headers['ratelimit'], '"address";r=0;t=1')
    const metrics = await scrapedMetrics(service)
    assert.equal(metrics.get('idgen_rate_limited_total{kind="address"}'), greedy.refused)
  })

  test('lets everything through once it is lifted, without a restart', async () => {
    await limit(0)
    const outcome = await flood('127.0.0.1', PER_SECOND * 2)
    assert.equal(outcome.refused, 0)
    assert.ok(outcome.passed > 0)
  })
})
