import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { startService } from '../fixtures/service-process.ts'
import { temporaryFolder } from '../fixtures/temporary-folder.ts'

const PAGE = readFileSync(join(import.meta.dirname, '../../docs/metrics.md'), 'utf8')
/** Of the operator, and only where a certificate is configured, two stores guard each other, or limits are shared. */
const ELSEWHERE =
  /^idgen_(?:operator_|certificate_|etcd_ok|witness_ok|time_cop|range_conflicts|redis_|api_key_shared|segment_block|rate_settle|rate_charged)/

test('a running service tells exactly the metrics that docs/metrics.md has', async (t) => {
  const folder = temporaryFolder('idgen-metrics-')
  const service = await startService({
    IDGEN_DATA_DIR: folder,
    IDGEN_SERVER_RESP_ENABLED: 'true',
    IDGEN_SERVER_THREADS: '2',
    // Nobody listens there: spans are dropped, and counted.
    IDGEN_TRACING_EXPORTER: 'otlp',
    IDGEN_TRACING_ENDPOINT: 'http://127.0.0.1:9/v1/traces',
  })
  t.after(() => service.stop('SIGTERM'))
  const text = await (await fetch(`${service.metricsOrigin}/metrics`)).text()
  const told = new Set([...text.matchAll(/^# TYPE (\S+) /gm)].map(([, name = '']) => name))
  const documented = new Set([...PAGE.matchAll(/^\| `([a-z0-9_]+)` \|/gm)].map(([, name = '']) => name))
  assert.ok(told.size > 60, `${told.size}`)
  assert.deepEqual(
    [...told].filter((name) => !documented.has(name)),
    [],
    'told, and not documented',
  )
  assert.deepEqual(
    [...documented].filter((name) => !told.has(name) && !ELSEWHERE.test(name)),
    [],
    'documented, and not told',
  )
})
