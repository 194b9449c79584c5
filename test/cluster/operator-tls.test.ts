// Runs beside others: it waits for what comes, with limits of half a minute and more, and times nothing.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { connect, type SecureVersion } from 'node:tls'
import { freePort } from '../fixtures/free-ports.ts'
import { selfSigned } from '../fixtures/self-signed.ts'
import { temporaryFolder } from '../fixtures/temporary-folder.ts'
import { until } from '../fixtures/until.ts'
import { withoutPrograms } from '../integration/watch-programs.ts'
import { PrometheusServer } from '../integration/watch-servers.ts'
import { OperatorProcess } from './operator-process.ts'

/** A process with its modules; a busy machine takes long over it. */
const START_MS = 60_000
const FIRST = selfSigned('first')
const SECOND = selfSigned('second')

/** A real operator without an API server: alive and not ready, and it tells its metrics. */
async function operatorWith(t: TestContext, environment: Readonly<Record<string, string>>, folder: string) {
  const config = {
    'current-context': 'test',
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'test' } }],
    clusters: [{ name: 'test', cluster: { server: `https://127.0.0.1:${await freePort()}` } }],
    users: [{ name: 'test', user: { token: 'none' } }],
  }
  const KUBECONFIG = join(folder, 'kubeconfig')
  await writeFile(KUBECONFIG, JSON.stringify(config))
  const operator = new OperatorProcess(folder, 'encrypted', { KUBECONFIG, ...environment })
  t.after(async () => void (await operator.end('SIGKILL')))
  return operator
}

async function encrypted(t: TestContext) {
  const folder = temporaryFolder('idgen-operator-tls-')
  const [cert, key] = [join(folder, 'tls.crt'), join(folder, 'tls.key')]
  await writeFile(cert, FIRST.cert)
  await writeFile(key, FIRST.key)
  const environment = { IDGEN_OPERATOR_STATUS_CERT: cert, IDGEN_OPERATOR_STATUS_KEY: key }
  const operator = await operatorWith(t, environment, folder)
  await until('it listens', () => operator.host !== undefined || operator.exitCode !== null, START_MS)
  const { host } = operator
  assert.ok(host !== undefined, operator.output())
  return { operator, folder, cert, key, host, port: Number(host.split(':')[1]) }
}

/** Version and whose certificate, or why not. */
async function handshake(port: number, maxVersion: SecureVersion): Promise<string> {
  const ca = [FIRST.cert, SECOND.cert]
  const options = { port, host: '127.0.0.1', servername: 'localhost', ca, maxVersion }
  const socket = connect({ ...options, minVersion: 'TLSv1.2' })
  try {
    await once(socket, 'secureConnect')
    return `${socket.getProtocol()} ${[socket.getPeerCertificate().subject.CN].flat()[0]}`
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? String(error)
  } finally {
    socket.destroy()
  }
}

test('a real operator speaks TLS 1.3 alone, and takes in a new certificate', async (t) => {
  const { operator, port, cert, key } = await encrypted(t)
  assert.equal(await handshake(port, 'TLSv1.3'), 'TLSv1.3 first')
  assert.equal(await handshake(port, 'TLSv1.2'), 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION')
  const plain = await operator.ask('/livez')
  assert.deepEqual([plain?.status, /ask for https:/.test(plain?.text ?? '')], [400, true])
  // One after the other, as files are written: half of a new pair is none.
  for (const [file, content] of [
    [key, SECOND.key],
    [cert, SECOND.cert],
  ] as const) {
    await writeFile(`${file}.new`, content)
    await rename(`${file}.new`, file)
  }
  await until('the new one is shown', async () => (await handshake(port, 'TLSv1.3')) === 'TLSv1.3 second')
  assert.equal(await operator.end('SIGTERM'), 0, operator.output())
})

test('a real Prometheus reads the metrics of a real operator over TLS, and none without', {
  skip: withoutPrograms('prometheus'),
}, async (t) => {
  const { host, cert } = await encrypted(t)
  const prometheus = await PrometheusServer.start(t, {
    folder: temporaryFolder('idgen-operator-tls-prometheus-'),
    config: {
      global: { scrape_interval: '1s' },
      scrape_configs: [
        {
          job_name: 'encrypted',
          scheme: 'https',
          // As the chart's ServiceMonitor has it: an authority, and a name in place of the pod's address.
          tls_config: { ca_file: cert, server_name: 'localhost' },
          static_configs: [{ targets: [host] }],
        },
        { job_name: 'plain', static_configs: [{ targets: [host] }] },
      ],
    },
  })
  const up = async (name: string) => (await prometheus.query(`up{job="${name}"}`))[0]?.value[1]
  await until(
    'both were asked',
    async () => (await up('plain')) !== undefined && (await up('encrypted')) === '1',
  )
  assert.equal(await up('plain'), '0')
  const told = await prometheus.query('leader_election_master_status{job="encrypted"}')
  assert.deepEqual(
    told.map(({ value: [, text] }) => text),
    ['0'],
  )
})

test('an operator whose certificate cannot be read says so and ends', async (t) => {
  const folder = temporaryFolder('idgen-operator-tls-')
  const environment = {
    IDGEN_OPERATOR_STATUS_CERT: join(folder, 'tls.crt'),
    IDGEN_OPERATOR_STATUS_KEY: join(folder, 'tls.key'),
  }
  const operator = await operatorWith(t, environment, folder)
  await until('it ended', () => operator.exitCode !== null, START_MS)
  assert.equal(operator.exitCode, 1)
  assert.match(
    operator.output(),
    /^idgen operator: the status port cannot be encrypted with \S+ and \S+: \S+tls\.crt cannot be read \(ENOENT\)$/m,
  )
})
