import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { test } from 'node:test'
import { promisify } from 'node:util'

const run = promisify(execFile)
const MODULE = new URL('./memory-after-start.ts', import.meta.url).href
/** As modules at a start: half lives on long enough to make the young generation grow, and nothing lives in the end. */
const START = `
  let kept = []
  for (let i = 0; i < 1e6; i += 1) {
    kept.push({ i, pair: [i, i] })
    if (kept.length > 300_000) kept = []
  }
  kept = undefined`
const SIZES = `Object.fromEntries(v8.getHeapSpaceStatistics().map((one) => [one.space_name, one.physical_space_size]))`

test('what only the start needed is given back, and the young generation begins small again', {
  timeout: 60_000,
}, async () => {
  const program = `
    import v8 from 'node:v8'
    import { giveBackStartMemory } from '${MODULE}'
    ${START}
    const before = ${SIZES}
    giveBackStartMemory()
    console.log(JSON.stringify([before, ${SIZES}]))`
  const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', program], {
    timeout: 60_000,
  })
  const [before, after] = JSON.parse(stdout) as [Record<string, number>, Record<string, number>]
  assert.ok((before['new_space'] ?? 0) > 4e6, stdout)
  assert.ok((after['new_space'] ?? Number.NaN) < 2e6, stdout)
  assert.ok((after['old_space'] ?? Number.NaN) < (before['old_space'] ?? 0) / 2, stdout)
})
