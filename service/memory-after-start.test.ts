import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
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
  // How much the collector had taken away by itself before is chance; what a small program keeps is not.
  assert.ok((after['old_space'] ?? Number.NaN) < Math.min(6e6, before['old_space'] ?? 0), stdout)
})

/** Of which each runs once, as most of what a start does; and one that is begun and goes on later. */
const FUNCTIONS = `
  const all = Array.from({ length: 3000 }, (_, i) => new Function('a', 'let b = a; ' + 'b = b * 3 + ' + i + '; '.repeat(20) + 'return b'))
  const call = () => all.reduce((sum, one) => (sum + one(1)) % 1e9, 0)
  const begun = (function* () { const first = call(); yield first; yield call() - first })()
  const first = begun.next().value`

test('what was compiled for the start is given back, and whatever is called again does the same', {
  timeout: 60_000,
}, async () => {
  const { before, after, first, again, difference } = await compiledAround('')
  assert.ok(after < before / 2, `${before}, ${after}`)
  assert.deepEqual([again, difference], [first, 0])
})

test('where other threads answer, what was compiled stays: the flags would go for them as well', {
  timeout: 60_000,
}, async () => {
  const { before, after } = await compiledAround('true')
  assert.ok(after > before / 2, `${before}, ${after}`)
})

test('of the flags of V8 only those are set that another thread may see change in the middle of its collection', async () => {
  const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', FLAGS_SEEN], {
    timeout: 60_000,
  })
  const [alone, beside] = JSON.parse(stdout) as string[][]
  assert.deepEqual(alone, ['--expose-gc', '--stress-flush-code', '--no-stress-flush-code'])
  assert.deepEqual(beside, ['--expose-gc'])
})

const FLAGS_SEEN = `
  import { syncBuiltinESMExports } from 'node:module'
  import v8 from 'node:v8'
  const setFlag = v8.setFlagsFromString
  let seen = []
  v8.setFlagsFromString = (flag) => { seen.push(flag); setFlag(flag) }
  syncBuiltinESMExports()
  const { giveBackStartMemory } = await import('${MODULE}')
  const all = [false, true].map((othersAnswer) => { seen = []; giveBackStartMemory(othersAnswer); return seen })
  console.log(JSON.stringify(all))`

test('no other file of the service, the operator and the client library changes how V8 works while it runs', () => {
  const root = join(import.meta.dirname, '..')
  const changing = globSync('{service,operator,sdk}/**/*.ts', {
    cwd: root,
    exclude: (name) => name.includes('node_modules'),
  }).filter((file) => /setFlagsFromString/.test(readFileSync(join(root, file), 'utf8')))
  assert.deepEqual(changing.filter((file) => !file.endsWith('.test.ts')).toSorted(), [
    'service/memory-after-start.ts',
    'service/short-collections.ts',
  ])
})

/** Bytes of compiled code around the call with `argument`, and what functions that were compiled before it say. */
async function compiledAround(argument: string) {
  const program = `
    import v8 from 'node:v8'
    import { giveBackStartMemory } from '${MODULE}'
    ${FUNCTIONS}
    const compiled = () => v8.getHeapCodeStatistics().bytecode_and_metadata_size
    const before = compiled()
    giveBackStartMemory(${argument})
    console.log(JSON.stringify([before, compiled(), first, call(), begun.next().value]))`
  // Where coverage is measured, V8 keeps all that was compiled. Named, or Node hands it on by itself.
  const env = { ...process.env, NODE_V8_COVERAGE: undefined }
  const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', program], {
    timeout: 60_000,
    env,
  })
  const [before = 0, after = 0, first, again, difference] = JSON.parse(stdout) as number[]
  return { before, after, first, again, difference }
}
