import assert from 'node:assert/strict'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { get } from 'node:https'
import { connect } from 'node:net'
import { join } from 'node:path'
import { text as textOf } from 'node:stream/consumers'
import { describe, test } from 'node:test'
import { selfSigned } from '../../test/fixtures/self-signed.ts'
import { temporaryFolder } from '../../test/fixtures/temporary-folder.ts'
import { ManualClock } from './manual-clock.ts'
import { keptLog } from './scripted-kube.ts'
import { ServedCertificate } from './served-certificate.ts'
import { StatusServer, type StatusSource } from './status-server.ts'

const WELL: StatusSource = {
  unwell: () => undefined,
  unready: () => undefined,
  metrics: async () => ({ contentType: 'text/x', text: 'm 1' }),
}

async function asked(
  source: Partial<StatusSource>,
  path: string,
  method = 'GET',
): Promise<{ status: number; type: string | null; text: string }> {
  const server = new StatusServer({ ...WELL, ...source })
  const port = await server.listen('127.0.0.1', 0)
  try {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, { method })
    return {
      status: response.status,
      type: response.headers.get('content-type'),
      text: await response.text(),
    }
  } finally {
    await server.close()
  }
}

describe('status server', () => {
  test('a probe says ok, or what is wrong', async () => {
    assert.deepEqual(await asked({}, '/livez'), {
      status: 200,
      type: 'text/plain; charset=utf-8',
      text: 'ok\n',
    })
    const { status, text } = await asked({ unready: () => 'not listed yet: Thing' }, '/readyz?verbose')
    assert.deepEqual([status, text], [503, 'not listed yet: Thing\n'])
    assert.equal((await asked({ unready: () => 'x' }, '/livez')).status, 200)
    assert.equal((await asked({ unwell: () => 'x' }, '/livez')).status, 503)
  })

  test('metrics come with their own type, and a failure is an answer, too', async () => {
    assert.deepEqual(await asked({}, '/metrics'), { status: 200, type: 'text/x', text: 'm 1\n' })
    const { status, text } = await asked(
      { metrics: async () => await Promise.reject(new Error('no')) },
      '/metrics',
    )
    assert.deepEqual([status, text], [500, 'no\n'])
  })

  test('there is nothing else', async () => {
    assert.equal((await asked({}, '/')).status, 404)
    assert.equal((await asked({}, '/livez', 'POST')).status, 405)
  })
})

test('connections that ask nothing keep no probe out: the oldest of them ends', async (t) => {
  const server = new StatusServer(WELL)
  const port = await server.listen('127.0.0.1', 0)
  const silent = Array.from({ length: 100 }, () => connect(port, '127.0.0.1'))
  t.after(async () => {
    for (const socket of silent) socket.destroy()
    await server.close()
  })
  for (const socket of silent) socket.on('error', () => undefined)
  await Promise.all(silent.map(async (socket) => socket.connecting && (await once(socket, 'connect'))))
  const first = Promise.race(silent.map((socket) => once(socket.resume(), 'close')))
  for (let probes = 0; probes < 3; probes += 1) {
    const { status, headers } = await fetch(`http://127.0.0.1:${port}/livez`)
    assert.deepEqual([status, headers.get('connection')], [200, 'close'])
  }
  await first
})

test('with a certificate it says the same over TLS', async (t) => {
  const folder = temporaryFolder('idgen-status-server-')
  const files = { cert: join(folder, 'tls.crt'), key: join(folder, 'tls.key') }
  const pair = selfSigned('operator')
  writeFileSync(files.cert, pair.cert)
  writeFileSync(files.key, pair.key)
  const certificate = ServedCertificate.open(files, { clock: new ManualClock(), log: keptLog().log })
  const server = new StatusServer(WELL, certificate)
  const port = await server.listen('127.0.0.1', 0)
  t.after(async () => {
    await server.close()
    certificate.close()
  })
  const said = await new Promise<string>((resolve, reject) => {
    const options = { ca: pair.cert, servername: 'localhost', agent: false }
    get(`https://127.0.0.1:${port}/metrics`, options, (answer) => resolve(textOf(answer))).on('error', reject)
  })
  assert.equal(said, 'm 1\n')
})
