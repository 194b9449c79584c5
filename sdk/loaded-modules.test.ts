import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { test } from 'node:test'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** Modules of Node that a process has which made a client with these options, as text. */
async function loadedBy(options: string): Promise<readonly string[]> {
  const from = (file: string): string => new URL(file, import.meta.url).href
  const source = `
    const { IdgenClient } = await import('${from('index.ts')}')
    const { resp } = await import('${from('resp.ts')}')
    new IdgenClient(${options}).close()
    console.log(JSON.stringify(process.moduleLoadList))`
  const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', source], {
    timeout: 60_000,
  })
  return JSON.parse(stdout) as string[]
}

test("a client that speaks HTTP does not load Node's client for fetch, which it does not use", async () => {
  const loaded = await loadedBy("{ endpoints: 'http://localhost:1' }")
  assert.ok(loaded.includes('NativeModule http'))
  assert.ok(!loaded.includes('NativeModule internal/deps/undici/undici'), 'an import of node:http?')
})

test('a client that speaks another protocol does not load HTTP', async () => {
  const loaded = await loadedBy("{ endpoints: 'redis://localhost:1', transport: resp() }")
  assert.ok(loaded.includes('NativeModule net'))
  assert.ok(!loaded.includes('NativeModule http'), 'HTTP before it is asked for?')
})
