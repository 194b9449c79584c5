import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HttpApi } from '../test/fixtures/http-api.ts'
import { loadConfig } from './config/load.ts'
import { watchStatus } from './status-findings.ts'

test('a running service tells of every part, and of what ends soon or waits', async (t) => {
  const api = await HttpApi.withTags(t)
  const { service, clock, useCases } = api.memory
  const pool = { max: 100, total: 10, idle: 7, waiting: 0 }
  const life = { startMs: clock.nowMs() - 82 * 86_400_000, endMs: clock.nowMs() + 8 * 86_400_000 }
  const certificate = { life, refused: undefined as string | undefined }
  watchStatus(useCases.status, loadConfig(undefined, {}), service, {
    pool: () => pool,
    threads: undefined,
    certificate,
  })
  const read = async () => {
    const { body } = await api.expect(200, 'GET', '/status')
    const findings = body['findings'] as { verdict: string; what: string; found: string; todo?: string }[]
    return { state: body['state'], of: (what: string) => findings.find((one) => one.what === what) }
  }
  const well = await read()
  assert.equal(well.state, 'well')
  assert.equal(well.of('database')?.found, 'answers; 3 of 10 connections in use')
  assert.equal(well.of('etcd')?.found, 'not configured')
  assert.match(well.of('key news')?.found ?? '', /^off \(database\.listen\)/)
  assert.match(well.of('snowflake')?.found ?? '', /^worker \d+, time granted for \d+ s$/)
  assert.match(well.of('snowflake layout')?.found ?? '', /^until 2093-/)
  assert.equal(well.of('certificate')?.verdict, 'ok')
  assert.equal(well.of('new certificate'), undefined)
  certificate.refused = 'the key is that of another certificate'
  const refused = await read()
  assert.equal(refused.state, 'troubled')
  assert.match(refused.of('new certificate')?.found ?? '', /last good one stays: the key is that of another/)
  assert.equal(refused.of('certificate')?.verdict, 'ok')
  certificate.refused = undefined
  pool.waiting = 3
  life.endMs -= 2 * 86_400_000
  const troubled = await read()
  assert.equal(troubled.state, 'troubled')
  assert.match(troubled.of('database')?.found ?? '', /3 requests wait for one/)
  assert.match(troubled.of('database')?.todo ?? '', /database\.pool\.max/)
  assert.equal(troubled.of('certificate')?.verdict, 'warning')
})
