import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { temporaryFolder } from './fixtures/temporary-folder.ts'

const ROOT = join(import.meta.dirname, '..')

function run(command: string, path = process.env['PATH']): { status: number | null; output: string } {
  const { status, stdout, stderr } = spawnSync(command, ['--version'], {
    encoding: 'utf8',
    env: { ...process.env, PATH: path },
  })
  return { status, output: stdout + stderr }
}

test('the launcher finds its package through links, relative ones too, in a folder with a blank', () => {
  const folder = temporaryFolder('idgen launcher-')
  symlinkSync(join(ROOT, 'bin/idgen'), join(folder, 'first'))
  symlinkSync('first', join(folder, 'idgen'))
  const { status, output } = run(join(folder, 'idgen'))
  assert.equal(status, 0, output)
  assert.match(output, /^\d+\.\d+\.\d+\n$/)
})

test('the launcher of a package that is not installed says what to do', () => {
  const folder = temporaryFolder('idgen launcher-')
  mkdirSync(join(folder, 'bin'))
  copyFileSync(join(ROOT, 'bin/idgen'), join(folder, 'bin/idgen'))
  // Whatever the machine has: a Node that is too old.
  writeFileSync(join(folder, 'node'), '#!/bin/sh\necho v20.20.2\n', { mode: 0o755 })
  const { status, output } = run(join(folder, 'bin/idgen'), `${folder}:/usr/bin:/bin`)
  assert.equal(status, 1)
  assert.match(
    output,
    /^idgen: Node\.js 24 is not installed in .*idgen launcher-.*; run "make install" first\.\n$/,
  )
})

test('the launcher starts the operator as a program of its own', () => {
  const folder = temporaryFolder('idgen launcher-')
  for (const name of ['bin', 'dist/operator', 'node_modules'])
    mkdirSync(join(folder, name), { recursive: true })
  copyFileSync(join(ROOT, 'bin/idgen'), join(folder, 'bin/idgen'))
  const print = 'process.stdout.write(JSON.stringify(process.argv.slice(2)))\n'
  writeFileSync(join(folder, 'dist/operator/main.js'), print)
  const { status, stdout } = spawnSync(join(folder, 'bin/idgen'), ['operator', '--x'], {
    encoding: 'utf8',
    env: { PATH: `${join(ROOT, 'node_modules/node/bin')}:/usr/bin:/bin` },
  })
  assert.deepEqual([status, stdout], [0, '["--x"]'])
})

test('the launcher by the name kubectl-idgen starts the kubectl plugin', () => {
  const folder = temporaryFolder('idgen launcher-')
  for (const name of ['bin', 'dist/operator/plugin', 'node_modules'])
    mkdirSync(join(folder, name), { recursive: true })
  for (const name of ['idgen', 'kubectl-idgen'])
    copyFileSync(join(ROOT, 'bin', name), join(folder, 'bin', name))
  const print = 'process.stdout.write(JSON.stringify(process.argv.slice(2)))\n'
  writeFileSync(join(folder, 'dist/operator/plugin/main.js'), print)
  // kubectl finds it through whatever link stands on the PATH.
  symlinkSync(join(folder, 'bin/kubectl-idgen'), join(folder, 'kubectl-idgen'))
  const { status, stdout } = spawnSync(join(folder, 'kubectl-idgen'), ['operator', '--x'], {
    encoding: 'utf8',
    env: { PATH: `${join(ROOT, 'node_modules/node/bin')}:/usr/bin:/bin` },
  })
  assert.deepEqual([status, stdout], [0, '["operator","--x"]'])
})

test('the launcher runs the emitted JavaScript where there are no sources', () => {
  const folder = temporaryFolder('idgen launcher-')
  for (const name of ['bin', 'dist/service', 'node_modules'])
    mkdirSync(join(folder, name), { recursive: true })
  copyFileSync(join(ROOT, 'bin/idgen'), join(folder, 'bin/idgen'))
  writeFileSync(join(folder, 'dist/service/main.js'), "process.stdout.write('emitted')\n")
  // The image has no package `node`, but Node 24 on the path.
  const { status, output } = run(
    join(folder, 'bin/idgen'),
    `${join(ROOT, 'node_modules/node/bin')}:/usr/bin:/bin`,
  )
  assert.deepEqual([status, output], [0, 'emitted'])
})
