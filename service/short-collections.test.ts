import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { test } from 'node:test'
import { promisify } from 'node:util'

const run = promisify(execFile)
const SETTINGS = new URL('./short-collections.ts', import.meta.url).href
/** Leaves a third of what it makes alive for a while, so that there is something to share among helpers. */
const LITTER = `
  const kept = []
  for (let i = 0; i < 3e6; i += 1) {
    const litter = { i, pair: [i, i] }
    if (i % 3 === 0) kept.push(litter)
    if (kept.length > 400_000) kept.length = 0
  }`

test('no helper thread takes part in a collection of young objects', { timeout: 60_000 }, async () => {
  const program = `import { keepCollectionsShort } from '${SETTINGS}'; keepCollectionsShort(); ${LITTER}`
  const { stdout } = await run(
    process.execPath,
    ['--trace-gc-nvp', '--input-type=module', '--eval', program],
    { timeout: 60_000, maxBuffer: 10_000_000 },
  )
  const helpers = [...stdout.matchAll(/background\.scavenge\.parallel=([\d.]+)/g)].map(([, ms]) => Number(ms))
  assert.ok(helpers.length >= 3, `only ${helpers.length} collections: ${stdout.slice(-300)}`)
  assert.deepEqual(new Set(helpers), new Set([0]))
})
