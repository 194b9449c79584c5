import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { test } from 'node:test'
import { promisify } from 'node:util'

const run = promisify(execFile)
/** Node's client for fetch and WebSocket: 5 MB in each thread. */
const CLIENT = 'NativeModule internal/deps/undici/undici'

const PROGRAMS = [
  'cli/program.ts',
  'cli/serve-process.ts',
  'http/id-server.ts',
  'grpc/id-server.ts',
  'resp/server.ts',
]

for (const program of PROGRAMS)
  test(`what ${program} imports does not load Node's HTTP client`, { timeout: 60_000 }, async () => {
    const module = new URL(`./${program}`, import.meta.url).href
    const source = `await import('${module}'); console.log(JSON.stringify(process.moduleLoadList))`
    const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', source], {
      timeout: 60_000,
    })
    const loaded = JSON.parse(stdout) as string[]
    assert.ok(loaded.length > 50, stdout)
    assert.ok(!loaded.includes(CLIENT), `an import of node:http? ${module}`)
  })
