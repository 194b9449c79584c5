// Runs beside others: it looks at no clock.

import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, cp, mkdir, readFile, symlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { lastStage } from '../../scripts/cluster/last-stage.ts'
import { temporaryFolder } from '../fixtures/temporary-folder.ts'
import { testDatabase } from './postgres-server.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const run = promisify(execFile)

test('what the Dockerfile builds and copies starts, answers its health check, and ends', async (t) => {
  const dockerfile = await readFile(join(ROOT, 'Dockerfile'), 'utf8')
  const build = temporaryFolder('idgen-service-')
  // The build stage, but for the packages: those of the checkout stand in for `npm ci`.
  const lines = dockerfile.split('\n')
  const stage = lines.slice(
    lines.findIndex((line) => line.startsWith('FROM')),
    lines.findLastIndex((line) => line.startsWith('FROM')),
  )
  await symlink(join(ROOT, 'node_modules'), join(build, 'node_modules'))
  for (const [, from = ''] of stage.map((line) => /^COPY (?!--)(.*) \S+$/.exec(line) ?? []))
    for (const name of from.split(' ').filter((one) => one !== ''))
      await cp(join(ROOT, name), join(build, name), { recursive: true })
  for (const [, command = ''] of stage.map((line) => /^RUN (.*)$/.exec(line) ?? []))
    if (command !== '' && !command.startsWith('npm ci')) await run('sh', ['-c', command], { cwd: build })
  // The last stage, in a folder in place of the image's root.
  const image = temporaryFolder('idgen-service-')
  const { workdir, copies, env, entrypoint, command } = lastStage(dockerfile)
  for (const { fromBuild, source, target } of copies) {
    const to = join(image, workdir, target)
    await mkdir(dirname(to), { recursive: true })
    const isModules = source.endsWith('node_modules')
    if (isModules) await symlink(join(ROOT, 'node_modules'), to)
    else await cp(fromBuild ? source.replace('/src', build) : join(ROOT, source), to, { recursive: true })
  }
  await chmod(join(image, workdir), 0o555)
  const database = await testDatabase()
  const [program = '', ...args] = [...entrypoint, ...command]
  const settings = Object.fromEntries(env.map((one) => one.split('=') as [string, string]))
  const ports = { IDGEN_SERVER_HTTP_PORT: '0', IDGEN_SERVER_GRPC_PORT: '0', IDGEN_SERVER_METRICS_PORT: '0' }
  const child = spawn(join(image, program), args, {
    cwd: join(image, workdir),
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { PATH: process.env['PATH'], ...settings, ...ports, IDGEN_DATABASE_URL: database.url },
  })
  const exited = once(child, 'exit')
  t.after(async () => {
    child.kill('SIGKILL')
    await exited
    await database.drop()
  })
  let metricsPort = 0
  for await (const line of createInterface({ input: child.stdout })) {
    const { msg, metricsPort: port } = JSON.parse(line) as { msg: string; metricsPort?: number }
    if (msg !== 'listening') continue
    metricsPort = port ?? 0
    break
  }
  child.stdout.resume()
  const health = lines.find((line) => line.startsWith('HEALTHCHECK')) ?? ''
  const [, ...check] = JSON.parse(health.slice(health.indexOf('['))) as string[]
  const healthy = (): Promise<boolean> =>
    run(
      process.execPath,
      check.map((one) => one.replace('9464', String(metricsPort))),
    ).then(
      () => true,
      () => false,
    )
  assert.ok(await healthy(), 'its own health check fails')
  child.kill('SIGTERM')
  assert.deepEqual(await exited, [0, null])
  assert.ok(!(await healthy()), 'the health check passes without a service')
})
