import assert from 'node:assert/strict'
import { test } from 'node:test'
import { memoryUseCases } from '../test/fixtures/memory-use-cases.ts'
import { PinoLog } from './adapters/telemetry/pino-log.ts'
import { loadConfig } from './config/load.ts'
import { applyLive } from './live-config.ts'

test('new limits and new proxies are in force at once', async (t) => {
  const memory = await memoryUseCases()
  t.after(() => memory.stop())
  const { rates, addresses } = memory.useCases
  const apply = (environment: Readonly<Record<string, string>>): void =>
    applyLive(memory.service, new PinoLog('silent', {}), loadConfig(undefined, environment))
  assert.equal(rates.admitCaller('192.0.2.1', 'key', 5000, rates.now()), 1000, 'the default')
  apply({ IDGEN_LIMITS_PER_ADDRESS: '1500', IDGEN_SERVER_TRUSTED_PROXIES: '10.0.0.0/8' })
  // No burst on top: what is full stays full until time has passed.
  assert.equal(rates.admitCaller('192.0.2.1', 'key', 5000, rates.now()), 0)
  memory.clock.advance(1000)
  assert.equal(rates.admitCaller('192.0.2.1', 'key', 5000, rates.now()), 1500)
  assert.equal(addresses.nameOf(addresses.peerAt('10.0.0.1'), '192.0.2.7'), '192.0.2.7')
  apply({ IDGEN_SERVER_FORWARDED_HEADER: 'forwarded' })
  assert.equal(addresses.nameOf(addresses.peerAt('10.0.0.1'), '192.0.2.7'), '10.0.0.1')
  assert.equal(addresses.header, 'forwarded')
})
