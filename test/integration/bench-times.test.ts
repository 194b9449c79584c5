// Runs alone: a run is to end within half a second of its time, and to reach its rate.

import assert from 'node:assert/strict'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { type ServiceProcess, startService } from '../fixtures/service-process.ts'
import { temporaryFolder } from '../fixtures/temporary-folder.ts'
import { benchJson, quickstartKey } from './bench-command.ts'
import { testDatabase } from './postgres-server.ts'

async function quickstarted(t: TestContext): Promise<{ service: ServiceProcess; key: string }> {
  const database = await testDatabase()
  const own = temporaryFolder('idgen-bench-times-')
  const environment = { IDGEN_DATABASE_URL: database.url, IDGEN_DATA_DIR: own }
  const service = await startService(environment, ['--quickstart'])
  t.after(() => service.stop('SIGKILL'))
  return { service, key: await quickstartKey(join(own, 'quickstart-key')) }
}

test('an open loop reaches a rate that the service can do', async (t) => {
  const { service, key } = await quickstarted(t)
  const { code, report, err } = await benchJson([
    service.httpOrigin,
    '--tag',
    'demo/shop/orders',
    '--key',
    key,
    '--rate',
    '200',
    '--duration',
    '2s',
  ])
  assert.equal(code, 0, err)
  assert.equal(report.answers + report.notSent, 400)
  assert.ok(report.answers > 300, `${report.answers} of 400`)
})

for (const protocol of ['http', 'grpc', 'grpc-stream'])
  test(`a service that is killed under load over ${protocol} is told, and the run ends in its time`, async (t) => {
    const { service: killed, key } = await quickstarted(t)
    const target = protocol === 'http' ? killed.httpOrigin : `grpc://${killed.grpcAddress}`
    const run = benchJson(
      [target, '--protocol', protocol, '--tag', 'demo/shop/orders', '--key', key].concat(
        '--connections 2 --pipeline 4 --duration 4s'.split(' '),
      ),
    )
    await untilIssued(killed, key)
    await killed.stop('SIGKILL')
    const { code, report } = await run
    assert.equal(code, 1)
    assert.ok(report.answers > 0, 'it was killed before the load')
    const codes = report.errors.map((error) => error.code)
    assert.ok(codes.includes('CONNECTION_LOST') || codes.includes('CONNECT_FAILED'), codes.join(' '))
    assert.ok(report.seconds <= 4.5, `${report.seconds} s`)
    assert.equal(report.check?.duplicates, 0)
  })

/** Until the load has taken some hundred numbers: each look takes one itself. */
async function untilIssued({ httpOrigin }: ServiceProcess, key: string): Promise<void> {
  const url = `${httpOrigin}/v1/workspaces/demo/groups/shop/tags/orders/ids`
  for (let looks = 0; looks < 1000; looks += 1) {
    const answer = await fetch(url, { method: 'POST', headers: { authorization: `Bearer ${key}` } })
    const { ids } = (await answer.json()) as { readonly ids: readonly string[] }
    if (Number(ids[0]) > looks + 300) return
    await pause(20)
  }
  throw new Error('the load did not begin')
}
