import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { temporaryFolder } from '../test/fixtures/temporary-folder.ts'
import { until } from '../test/fixtures/until.ts'
import type { TestCounts } from './test-reporter.ts'

const PROGRAM = join(import.meta.dirname, 'test-files.ts')

/** Files with one test each, which writes down its name as it begins; `body` is what it does then. */
class Scene {
  readonly #folder = temporaryFolder('idgen-test-files-')
  readonly #begun = join(this.#folder, 'begun')
  readonly #counts = join(this.#folder, 'counts.json')

  constructor() {
    writeFileSync(this.#begun, '')
  }

  file(name: string, body = ''): string {
    const path = join(this.#folder, `${name}.test.mjs`)
    const note = `appendFileSync(${JSON.stringify(this.#begun)}, process.pid + ' ${name}\\n')`
    const imports = "import { appendFileSync } from 'node:fs'\nimport { test } from 'node:test'\n"
    writeFileSync(path, `${imports}test('begins, and says so', async () => { ${note}; ${body} })\n`)
    return path
  }

  start(files: readonly string[]): ChildProcess {
    const env: NodeJS.ProcessEnv = { ...process.env, IDGEN_TEST_COUNTS: this.#counts }
    // A runner within a test would run nothing.
    delete env['NODE_TEST_CONTEXT']
    return spawn(process.execPath, [PROGRAM, '1', '60000', ...files], { env, stdio: 'ignore' })
  }

  /** Of each file that has begun, in that order. */
  get begun(): { readonly pid: number; readonly name: string }[] {
    const lines = readFileSync(this.#begun, 'utf8').trim().split('\n')
    return lines
      .filter((line) => line !== '')
      .map((line) => ({ pid: Number(line.split(' ')[0]), name: line.split(' ')[1] ?? '' }))
  }

  get counts(): TestCounts {
    return JSON.parse(readFileSync(this.#counts, 'utf8')) as TestCounts
  }
}

describe('test files in an order', () => {
  test('begin as they are named, not by their names, and all of them count', async () => {
    const scene = new Scene()
    const child = scene.start([scene.file('c'), scene.file('a', "throw new Error('no')"), scene.file('b')])
    assert.deepEqual(await once(child, 'exit'), [1, null])
    assert.deepEqual(
      scene.begun.map(({ name }) => name),
      ['c', 'a', 'b'],
    )
    const { passed, failed, failures } = scene.counts
    assert.deepEqual([passed, failed], [2, 1])
    assert.match(failures[0]?.file ?? '', /a\.test\.mjs$/)
  })

  test('that all pass end well', async () => {
    const scene = new Scene()
    assert.deepEqual(await once(scene.start([scene.file('a')]), 'exit'), [0, null])
  })

  test('end with a run that is told to end', async () => {
    const scene = new Scene()
    const child = scene.start([scene.file('a', 'await new Promise((resolve) => setTimeout(resolve, 50000))')])
    await until('the test has begun', () => scene.begun.length > 0)
    const exited = once(child, 'exit')
    child.kill('SIGTERM')
    assert.notDeepEqual(await exited, [0, null])
    const pid = scene.begun[0]?.pid ?? 0
    await until('its process has ended', () => !isAlive(pid))
  })
})

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
