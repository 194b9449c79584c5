// Runs beside others: nothing here is held to a time.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { temporaryFolder } from '../fixtures/temporary-folder.ts'

const CHECKOUT = join(import.meta.dirname, '../..')

/** There is no Docker on the machines that run tests: one that takes what it is told, and a Grafana that is healthy. */
test('where Docker is, make dev-up needs it alone: no Go, and nothing is installed on the machine', async (t) => {
  const folder = temporaryFolder('idgen-docker-')
  const told = join(folder, 'told')
  const docker = join(folder, 'docker')
  writeFileSync(docker, `#!/bin/sh\necho "$*" >> ${told}\n`)
  // Found first, should anything look for them.
  for (const forbidden of ['go', 'apt-get'])
    writeFileSync(join(folder, forbidden), `#!/bin/sh\necho "${forbidden} $*" >> ${told}\nexit 1\n`)
  for (const program of ['docker', 'go', 'apt-get']) chmodSync(join(folder, program), 0o755)
  const grafana = createServer((_request, response) => response.end('{}'))
  t.after(() => grafana.close())
  await once(grafana.listen(0, '127.0.0.1'), 'listening')
  const address = grafana.address()
  assert.ok(address !== null && typeof address === 'object')
  const { stdout } = await promisify(execFile)('make', ['dev-up'], {
    cwd: CHECKOUT,
    timeout: 120_000,
    env: {
      ...process.env,
      PATH: `${folder}:${dirname(process.execPath)}:/usr/bin:/bin`,
      IDGEN_DEV: '',
      IDGEN_DEV_DIR: join(folder, 'dev'),
      GRAFANA_PORT: String(address.port),
    },
  })
  assert.match(stdout, /idgen is ready/)
  const asked = readFileSync(told, 'utf8').trim().split('\n')
  assert.deepEqual(asked.slice(0, 2), ['compose version', 'info'])
  assert.match(asked[2] ?? '', /^compose --file \S+compose\.yaml up --detach --build$/)
  assert.equal(asked.length, 3)
})
