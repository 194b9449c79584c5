import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { BizTagCluster } from './biz-tag-cluster.ts'
import { ChildServer } from './child-server.ts'
import { pause, until } from './cluster-world.ts'
import { missingPrograms } from './kube-programs.ts'

const missing = missingPrograms('kube-apiserver')
/** IDGEN_TEST_BIZ_TAGS=1000 and =5000 are the long forms. */
const TAGS = Number(process.env['IDGEN_TEST_BIZ_TAGS'] ?? '200')

// A group that is left out says nothing; a test says why.
if (missing !== undefined) test('many BizTags on a real API server', { skip: missing }, () => {})

describe('many BizTags on a real API server and a real service', { skip: missing !== undefined }, () => {
  let cluster: BizTagCluster
  before(async () => {
    cluster = await BizTagCluster.start()
  })
  after(() => cluster?.close())

  test('one is ready within two seconds of kubectl apply, in 95 of 100 cases', async (t) => {
    await cluster.lead()
    const tookMs: number[] = []
    for (let n = 0; n < 100; n += 1) {
      const startedMs = performance.now()
      await cluster.create(`single-${n}`)
      await cluster.becomes(`single-${n}`, 'True Ready')
      tookMs.push(performance.now() - startedMs)
    }
    tookMs.sort((a, b) => a - b)
    t.diagnostic(`p50 ${tookMs[50]?.toFixed(0)} ms, p95 ${tookMs[95]?.toFixed(0)} ms`)
    // The requirement's own deadline.
    assert.ok((tookMs[95] ?? Infinity) < 2000, `p95 ${tookMs[95]} ms`)
  })

  test(`${TAGS} are ready within their share of a minute a thousand`, { timeout: 900_000 }, async (t) => {
    const startedMs = performance.now()
    const before = cluster.readyCount
    await cluster.createMany(Array.from({ length: TAGS }, (_, n) => `many-${n}`))
    await until('all are ready', () => cluster.readyCount === before + TAGS, 600_000)
    const tookMs = performance.now() - startedMs
    t.diagnostic(`${TAGS} BizTags ready in ${(tookMs / 1000).toFixed(1)} s`)
    assert.ok(tookMs < 60_000 * Math.max(1, TAGS / 1000), `${tookMs} ms`)
    assert.deepEqual(cluster.warnings, [])
  })

  test('an operator of its own that starts with all of them stays below 150 MB', {
    timeout: 900_000,
    skip: TAGS >= 5000 ? false : 'needs 5,000 BizTags: IDGEN_TEST_BIZ_TAGS=5000 makes them',
  }, async (t) => {
    await cluster.stopLeading()
    const operator = await startOperator(cluster)
    try {
      await until('it leads', () => operator.output().includes('leads'), 120_000)
      let mostMb = 0
      for (let second = 0; second < 60; second += 1) {
        mostMb = Math.max(mostMb, residentMb(operator))
        await pause(1000)
      }
      t.diagnostic(
        `${TAGS} BizTags: at most ${mostMb.toFixed(0)} MB, ${residentMb(operator).toFixed(0)} MB at rest`,
      )
      assert.ok(mostMb < 150, `${mostMb} MB`)
    } finally {
      await operator.end('SIGKILL')
    }
  })
})

const PROGRAM = fileURLToPath(new URL('./biz-tag-operator.ts', import.meta.url))

async function startOperator(cluster: BizTagCluster): Promise<ChildServer> {
  const folder = cluster.api.folder
  return new ChildServer({
    program: process.execPath,
    // As bin/idgen starts it.
    args: [`--title=${folder} operator`, '--max-semi-space-size=8', '--optimize-for-size', PROGRAM],
    folder,
    name: 'biz-tag-operator',
    env: {
      KUBECONFIG: await cluster.api.kubeconfig(),
      SERVICE_ADDRESS: cluster.service.access.address,
      HOME: folder,
      MALLOC_ARENA_MAX: '2',
      NODE_COMPILE_CACHE: fileURLToPath(new URL('../../node_modules/.cache/compile', import.meta.url)),
    },
  })
}

function residentMb(operator: ChildServer): number {
  const status = readFileSync(`/proc/${operator.pid}/status`, 'utf8')
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1] ?? 'NaN') / 1024
}
