// Runs beside others: with a load of twenty on two cores p95 was half a second of two, and 200 were ready in 35 s of a minute.

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { cp, readFile, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { pause, until } from './cluster-world.ts'
import { missingPrograms } from './kube-programs.ts'
import type { OperatorProcess } from './operator-process.ts'
import { TagFleet } from './tag-fleet.ts'

const missing = missingPrograms('kube-apiserver', 'kube-controller-manager')
/** IDGEN_TEST_BIZ_TAGS=1000 and =5000 are the long forms. */
const TAGS = Number(process.env['IDGEN_TEST_BIZ_TAGS'] ?? '200')

// A group that is left out says nothing; a test says why.
if (missing !== undefined) test('an operator with many BizTags', { skip: missing }, () => {})

describe('an operator with many BizTags and a real service', { skip: missing !== undefined }, () => {
  let fleet: TagFleet
  let first: OperatorProcess
  let root: string
  before(async () => {
    fleet = await TagFleet.start()
    root = await emitted(fleet.api.folder)
    first = await fleet.lead(root)
  })
  after(() => fleet?.close())

  test('one is ready within two seconds of kubectl apply, in 95 of 100 cases', async (t) => {
    const tookMs: number[] = []
    for (let n = 0; n < 100; n += 1) tookMs.push(await fleet.readyAfterMs(`single-${n}`))
    tookMs.sort((a, b) => a - b)
    t.diagnostic(`p50 ${tookMs[50]?.toFixed(0)} ms, p95 ${tookMs[95]?.toFixed(0)} ms`)
    // The requirement's own deadline.
    assert.ok((tookMs[95] ?? Infinity) < 2000, `p95 ${tookMs[95]} ms`)
  })

  test(`${TAGS} are ready within their share of a minute a thousand`, { timeout: 900_000 }, async (t) => {
    const startedMs = performance.now()
    const before = fleet.readyCount
    await fleet.createMany(Array.from({ length: TAGS }, (_, n) => `many-${n}`))
    await until('all are ready', () => fleet.readyCount === before + TAGS, 600_000)
    const tookMs = performance.now() - startedMs
    t.diagnostic(`${TAGS} BizTags ready in ${(tookMs / 1000).toFixed(1)} s`)
    assert.ok(tookMs < 60_000 * Math.max(1, TAGS / 1000), `${tookMs} ms`)
    assert.deepEqual(warnings(first), [])
  })

  test('the operator that made them all stayed below 150 MB, and so does the next one', {
    timeout: 300_000,
  }, async (t) => {
    const made = await memory(first)
    t.diagnostic(`${TAGS} BizTags, the one that made them: ${told(made)}`)
    await first.end('SIGTERM')
    const next = await fleet.lead(root)
    await until('it has looked at each', async () => (await looks(next)) >= fleet.readyCount, 120_000)
    // Memory that nobody needs any more is given back, or grows, after that.
    await pause(TAGS >= 5000 ? 30_000 : 2000)
    const read = await memory(next)
    t.diagnostic(`${TAGS} BizTags, the one that found them: ${told(read)}`)
    for (const { mostMb } of [made, read]) assert.ok(mostMb < 150, `${mostMb} MB`)
    assert.deepEqual(warnings(next), [])
  })
})

const CHECKOUT = join(import.meta.dirname, '../..')

/** What an image has: the emitted JavaScript and no sources. Takes seconds. */
async function emitted(folder: string): Promise<string> {
  const root = join(folder, 'image')
  const args = ['-p', join(CHECKOUT, 'tsconfig.build.json'), '--outDir', join(root, 'dist')]
  const built = spawnSync(join(CHECKOUT, 'node_modules/.bin/tsc'), args, { encoding: 'utf8' })
  assert.equal(built.status, 0, built.stdout)
  await cp(join(CHECKOUT, 'bin'), join(root, 'bin'), { recursive: true })
  await cp(join(CHECKOUT, 'package.json'), join(root, 'package.json'))
  await symlink(join(CHECKOUT, 'node_modules'), join(root, 'node_modules'))
  return root
}

interface Memory {
  readonly mostMb: number
  readonly nowMb: number
}

/** Resident, as a container's limit counts it. */
async function memory({ pid }: OperatorProcess): Promise<Memory> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  const mb = (field: string): number =>
    Number(new RegExp(`${field}:\\s+(\\d+) kB`).exec(status)?.[1] ?? 'NaN') / 1024
  return { mostMb: mb('VmHWM'), nowMb: mb('VmRSS') }
}

/** At how many BizTags it has looked. */
async function looks(operator: OperatorProcess): Promise<number> {
  const { text = '' } = (await operator.ask('/metrics')) ?? {}
  const done =
    /controller_runtime_reconcile_total\{controller="biz-tag",result="(?:success|requeue_after)"\} (\d+)/g
  return [...text.matchAll(done)].reduce((sum, [, count]) => sum + Number(count), 0)
}

function told({ mostMb, nowMb }: Memory): string {
  return `at most ${mostMb.toFixed(0)} MB, ${nowMb.toFixed(0)} MB now`
}

function warnings(operator: OperatorProcess): string[] {
  return (
    operator
      .output()
      .split('\n')
      // A watch that a busy server leaves silent is opened anew: nothing is lost.
      .filter(
        (line) => /"level":"(warn|error|fatal)"/.test(line) && !line.includes('"a cache lost its server"'),
      )
  )
}
