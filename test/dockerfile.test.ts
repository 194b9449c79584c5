import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { lastStage } from '../scripts/cluster/last-stage.ts'
import { environmentName } from '../service/config/environment-name.ts'
import { ROWS } from '../service/config/keys.ts'

const ROOT = join(import.meta.dirname, '..')
const read = (file: string): string => readFileSync(join(ROOT, file), 'utf8')
const DOCKERFILE = read('Dockerfile')
const LINES = DOCKERFILE.split('\n').filter((line) => line !== '' && !line.startsWith('#'))

describe('the image', () => {
  test('runs as somebody who is not root, by number, so that Kubernetes can see it', () => {
    const [user = '', group = ''] = lastStage(DOCKERFILE).user.split(':')
    assert.ok(Number(user) > 0 && Number(group) > 0, `USER ${user}:${group}`)
  })

  test('is told by docs/deployment.md what it listens on and which setting it has', () => {
    const page = read('docs/deployment.md')
    const [, command = ''] = /```sh\n(docker run [^`]+)```/.exec(page) ?? []
    const given = (option: string): string[] =>
      [...command.matchAll(new RegExp(`--${option} (\\S+)`, 'g'))].map(([, value = '']) => value)
    const exposed = (LINES.find((line) => line.startsWith('EXPOSE ')) ?? '').split(' ').slice(1)
    const published = given('publish').map((ports) => ports.split(':')[1] ?? '')
    assert.ok(published.length > 0)
    assert.deepEqual(
      published.filter((port) => !exposed.includes(port)),
      [],
    )
    const settings = new Set([...ROWS.keys()].map((key) => environmentName(key)))
    const unknown = given('env').filter((one) => !settings.has(one.split('=')[0] ?? ''))
    assert.deepEqual(unknown, [])
    // What it was built as is what runs.
    const [, made = ''] = /make image IMAGE=(\S+)/.exec(page) ?? []
    assert.ok(command.trimEnd().endsWith(` ${made}`))
  })

  test('rests on the exact Node.js that the tests ran on, whoever builds it', () => {
    const { dependencies } = JSON.parse(read('package.json')) as { dependencies: Record<string, string> }
    const base = `node:${dependencies['node']}-bookworm-slim`
    assert.ok(DOCKERFILE.includes(`\nARG BASE_IMAGE=${base}\n`), `BASE_IMAGE is not ${base}`)
    assert.deepEqual(
      LINES.filter((line) => line.startsWith('FROM ')),
      [`FROM \${BASE_IMAGE} AS build`, `FROM \${BASE_IMAGE}`],
    )
    for (const file of ['Makefile', 'dev/compose.yaml'])
      assert.ok(read(file).includes(base), `${file} names another base image`)
  })

  test('installs what the lockfile says, and runs no script of a package', () => {
    const installs = LINES.filter((line) => /\bnpm\b/.test(line) && line.startsWith('RUN'))
    assert.ok(installs.length > 0)
    for (const line of installs) assert.match(line, /npm ci .*--ignore-scripts/)
    assert.match(installs.at(-1) ?? '', /--omit=dev/)
  })

  test('takes in what is named, never the whole folder, and nothing from the network but packages', () => {
    for (const line of LINES) {
      assert.doesNotMatch(line, /^ADD\b|^COPY (?:--\S+ )*\.\/? |curl|wget|https?:\/\/(?!127\.0\.0\.1)/)
      assert.doesNotMatch(line, /^(?:ENV|ARG)\b.*(?:secret|password|token|key)/i)
    }
    const ignored = read('.dockerignore').split('\n')
    // What a developer's folder holds beside the sources: history, data with a key in it, settings.
    for (const name of ['.git', 'data', 'node_modules', '.cache', '.env', '**/*.key', '**/*.pem'])
      assert.ok(ignored.includes(name), `.dockerignore lacks ${name}`)
  })

  test('names no folder to write into, so that its file system may be read-only', () => {
    const { env } = lastStage(DOCKERFILE)
    assert.ok(env.length > 0)
    assert.deepEqual(
      env.filter((one) => /CACHE|DIR|HOME/.test(one.split('=')[0] ?? '')),
      [],
    )
  })

  test('says whether it is alive', () => {
    assert.ok(LINES.some((line) => line.startsWith('HEALTHCHECK ') && line.includes('/livez')))
  })
})
