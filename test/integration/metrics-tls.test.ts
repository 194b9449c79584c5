// Runs beside others: it waits for what comes, with a limit of half a minute, and times nothing.

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { rename, writeFile } from 'node:fs/promises'
import { get } from 'node:https'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import type { TLSSocket } from 'node:tls'
import { promisify } from 'node:util'
import { parseAllDocuments } from 'yaml'
import { ROOT } from '../../scripts/docs/documents.ts'
import { selfSigned } from '../fixtures/self-signed.ts'
import { startService } from '../fixtures/service-process.ts'
import { temporaryFolder } from '../fixtures/temporary-folder.ts'
import { until } from '../fixtures/until.ts'
import { testDatabase } from './postgres-server.ts'
import { withoutPrograms } from './watch-programs.ts'
import { PrometheusServer } from './watch-servers.ts'

const FIRST = selfSigned('first')
const SECOND = selfSigned('second')
const run = promisify(execFile)

/** A real service whose metrics port speaks TLS. */
async function encrypted(t: TestContext) {
  const database = await testDatabase()
  // In reverse: whoever uses a server ends before it.
  const stack = new AsyncDisposableStack()
  t.after(() => stack.disposeAsync())
  stack.defer(() => database.drop())
  const folder = temporaryFolder('idgen-metrics-tls-')
  const [cert, key] = [join(folder, 'tls.crt'), join(folder, 'tls.key')]
  await writeFile(cert, FIRST.cert)
  await writeFile(key, FIRST.key)
  const service = await startService({
    IDGEN_DATABASE_URL: database.url,
    IDGEN_SERVER_HTTPS_CERT: cert,
    IDGEN_SERVER_HTTPS_KEY: key,
    IDGEN_SERVER_HTTPS_PORT: '0',
    IDGEN_SERVER_METRICS_TLS: 'true',
  })
  stack.defer(async () => void (await service.stop('SIGTERM')))
  return { service, folder, cert, key, port: new URL(service.metricsOrigin).port }
}

interface Scraped {
  readonly text: string
  /** Whose certificate was shown. */
  readonly by: string | undefined
  readonly version: string | null
}

function scrape(url: string): Promise<Scraped> {
  return new Promise((resolve, reject) => {
    const options = { agent: false, servername: 'localhost', ca: [FIRST.cert, SECOND.cert] }
    get(url, options, (answer) => {
      const socket = answer.socket as TLSSocket
      const [by, version] = [[socket.getPeerCertificate().subject.CN].flat()[0], socket.getProtocol()]
      let text = ''
      answer.setEncoding('utf8').on('data', (part: string) => (text += part))
      answer.on('end', () => resolve({ text, by, version }))
    }).on('error', reject)
  })
}

test('a real service tells its metrics over TLS, takes in a new certificate, and its image still sees that it is well', async (t) => {
  const { service, cert, key, port } = await encrypted(t)
  const url = `${service.metricsOrigin}/metrics`
  const { text, by, version } = await scrape(url)
  assert.deepEqual([by, version], ['first', 'TLSv1.3'])
  assert.match(text, /^idgen_build_info\{/m)
  const plain = await fetch(url.replace('https:', 'http:'))
  assert.deepEqual([plain.status, /speaks TLS/.test(await plain.text())], [400, true])
  const health =
    /^HEALTHCHECK .*? CMD (\[.*\])$/m.exec(readFileSync(join(ROOT, 'Dockerfile'), 'utf8'))?.[1] ?? ''
  const [, ...check] = JSON.parse(health) as string[]
  await run(
    process.execPath,
    check.map((one) => one.replace('9464', port)),
  )
  // One after the other, as files are written: half of a new pair is none.
  for (const [file, content] of [
    [key, SECOND.key],
    [cert, SECOND.cert],
  ] as const) {
    await writeFile(`${file}.new`, content)
    await rename(`${file}.new`, file)
  }
  await until('the new certificate is taken in', async () => (await scrape(url)).by === 'second')
})

test('a real Prometheus asks as the ServiceMonitor of the operator says, over TLS', {
  skip: withoutPrograms('prometheus'),
  timeout: 120_000,
}, async (t) => {
  const { folder, cert, port } = await encrypted(t)
  const relabelings = renderedRelabelings()
  assert.equal(relabelings.length, 1)
  const job = (name: string, labels: Record<string, string>): object => ({
    job_name: name,
    static_configs: [{ targets: [`127.0.0.1:${port}`], labels }],
    relabel_configs: relabelings.map(({ sourceLabels, targetLabel, ...rest }) => ({
      ...rest,
      source_labels: sourceLabels,
      target_label: targetLabel,
    })),
    tls_config: { ca_file: cert, server_name: 'localhost' },
  })
  const prometheus = await PrometheusServer.start(t, {
    folder,
    config: {
      global: { scrape_interval: '1s' },
      scrape_configs: [
        job('encrypted', { __meta_kubernetes_pod_annotation_idgen_io_metrics_scheme: 'https' }),
        // As a pod without the annotation would be asked.
        job('plain', {}),
      ],
    },
  })
  const up = async (name: string) => (await prometheus.query(`up{job="${name}"}`))[0]?.value[1]
  await until(
    'both were asked',
    async () => (await up('plain')) !== undefined && (await up('encrypted')) === '1',
  )
  assert.equal(await up('plain'), '0')
})

/** Of an installation whose metrics port speaks TLS. */
function renderedRelabelings(): readonly Relabeling[] {
  const text = readFileSync(join(ROOT, 'operator/render/golden/full.yaml'), 'utf8')
  const objects = parseAllDocuments(text).map((document) => document.toJS() as RenderedMonitor | null)
  const monitor = objects.find((object) => object?.kind === 'ServiceMonitor')
  return monitor?.spec.endpoints.flatMap(({ relabelings = [] }) => relabelings) ?? []
}

interface RenderedMonitor {
  readonly kind: string
  readonly spec: { readonly endpoints: readonly { readonly relabelings?: readonly Relabeling[] }[] }
}

/** As a ServiceMonitor has it. */
interface Relabeling {
  readonly sourceLabels: readonly string[]
  readonly regex: string
  readonly targetLabel: string
  readonly replacement: string
}
