// Runs beside others: nothing looks at a clock.

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { Finding } from '../../service/core/finding.ts'
import { startService } from '../fixtures/service-process.ts'
import { until } from '../fixtures/until.ts'
import { testEtcd } from './etcd-server.ts'
import { testDatabase } from './postgres-server.ts'

const LAUNCHER = fileURLToPath(new URL('../../bin/idgen', import.meta.url))

/** A few calls of doctor, each a process of its own. */
const LISTED_LIMIT_MS = 120_000

/** What doctor says of the processes of the data centre and of its claim. */
async function examine(environment: Readonly<Record<string, string>>) {
  // Any free ones, so that nothing is found of them.
  const ports = Object.fromEntries(
    ['HTTP', 'GRPC', 'METRICS'].map((name) => [`IDGEN_SERVER_${name}_PORT`, '0']),
  )
  const env = { ...process.env, ...ports, ...environment }
  const { code, out } = await new Promise<{ readonly code: number; readonly out: string }>((resolve) => {
    execFile(LAUNCHER, ['doctor', '--json'], { env, timeout: 60_000 }, (error, stdout) =>
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, out: stdout }),
    )
  })
  const findings = JSON.parse(out) as Finding[]
  const of = (what: string) => findings.find((finding) => finding.what === what)
  return { code, processes: of('processes'), claim: of('data centre') }
}

test('a process of the same installation on another database is bad, seen from where it is not', async (t) => {
  // In reverse: whoever uses a server ends before it.
  const stack = new AsyncDisposableStack()
  t.after(() => stack.disposeAsync())
  const [ours, other] = await Promise.all([testDatabase(), testDatabase()])
  stack.defer(() => ours.drop())
  stack.defer(() => other.drop())
  const etcd = await testEtcd()
  stack.defer(() => etcd.close())
  const west = {
    IDGEN_ETCD_ENDPOINTS: etcd.endpoints.join(),
    IDGEN_DATACENTER_ID: '1',
    IDGEN_DATACENTER_INSTALLATION: 'west',
  }
  const here = { ...west, IDGEN_DATABASE_URL: ours.url }
  const there = { ...west, IDGEN_DATABASE_URL: other.url }
  // It brings its database up to date.
  const first = await startService(here)
  await first.stop('SIGTERM')
  const stray = await startService({ ...there, IDGEN_SERVER_NODE_NAME: 'elsewhere' })
  stack.defer(async () => void (await stray.stop('SIGTERM')))
  // Listed a moment after it listens.
  const isListed = async (): Promise<boolean> => {
    const { processes } = await examine(there)
    return processes?.found === '1 run in data centre 1, all on this database' && processes.verdict === 'ok'
  }
  await until('it is listed', isListed, LISTED_LIMIT_MS)
  const { code, processes, claim } = await examine(here)
  assert.equal(code, 1)
  assert.equal(claim?.verdict, 'ok', 'both have one name')
  assert.equal(processes?.verdict, 'bad')
  assert.match(
    processes?.found ?? '',
    /^1 of 1 in data centre 1 use another database than the one configured here \(elsewhere\/\d+\)$/,
  )
})
