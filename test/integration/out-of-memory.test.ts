// Runs alone: a process is made to run out of memory, and what it had answered is counted.

import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { mkdir, rmdir, writeFile } from 'node:fs/promises'
import { test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { IssuedIds } from '../fixtures/issued-ids.ts'
import { RespLoad } from '../fixtures/resp-load.ts'
import { portOf, RespService } from '../fixtures/resp-service.ts'
import { until } from '../fixtures/until.ts'

/** Of cgroups version 1 and 2: where a folder makes a group, and what limits its memory. */
const GROUPS = [
  { root: '/sys/fs/cgroup/memory', limit: 'memory.limit_in_bytes' },
  { root: '/sys/fs/cgroup', limit: 'memory.max' },
]
/** Far less than a process needs that answers: what it allocates from here on is counted. */
const LIMIT_BYTES = 4 * 1024 * 1024

test('a process that the kernel kills for its memory is started again, and no ID comes twice', {
  timeout: 90_000,
}, async (t) => {
  const group = await memoryGroup()
  if (typeof group === 'string')
    return t.skip(
      `row 11 of docs/abuse.md is not tried here: no memory group can be made (${group}); run this file as root on Linux`,
    )
  t.after(() => gone(group.folder))
  const { world, service } = await RespService.start(t, { IDGEN_SERVER_THREADS: '1' })
  const issued = new IssuedIds()
  const begin = async (process: typeof service): Promise<RespLoad> => {
    const load = new RespLoad({
      port: portOf(process),
      tags: ['orders', 'uuids', 'events'],
      key: world.key,
      issued,
      issuer: String(process.pid),
      connections: 4,
    })
    t.after(() => load.stop())
    await load.start()
    return load
  }
  const load = await begin(service)
  await until('a thousand IDs', () => issued.total >= 1000)
  await writeFile(`${group.folder}/${group.limit}`, String(LIMIT_BYTES))
  await writeFile(`${group.folder}/cgroup.procs`, String(service.pid))
  const asking = setInterval(() => void fill(service.httpOrigin, world.key), 20)
  const ended = await Promise.race([service.exited, pause(KILL_LIMIT_MS, 'still runs', { ref: false })])
  clearInterval(asking)
  assert.equal(ended, null, 'ended by a signal, as 137 tells an orchestrator')
  await load.stop()
  const before = issued.total
  const again = await begin(await world.another(portOf(service)))
  await until('the next process answers', () => issued.total >= before + 1000)
  await again.stop()
  issued.verify()
})

const KILL_LIMIT_MS = 30_000

/** Large answers: each takes megabytes to print. */
async function fill(origin: string, key: string): Promise<void> {
  await fetch(`${origin}/v1/workspaces/demo/groups/load/tags/uuids/ids`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: '{"count":10000}',
    signal: AbortSignal.timeout(5000),
  }).catch(() => undefined)
}

/** A text: why there is none. */
async function memoryGroup(): Promise<{ folder: string; limit: string } | string> {
  const lacking: string[] = []
  for (const { root, limit } of GROUPS) {
    const folder = `${root}/idgen-test-${process.pid}`
    try {
      await mkdir(folder)
      if (existsSync(`${folder}/${limit}`)) return { folder, limit }
      await rmdir(folder)
      lacking.push(`${root} limits no memory`)
    } catch (error) {
      // Not here, or not ours to make: the other version may be.
      lacking.push(`${root}: ${(error as NodeJS.ErrnoException).code}`)
    }
  }
  return lacking.join(', ')
}

/** The kernel lets a group go a moment after its last process. */
async function gone(folder: string): Promise<void> {
  for (let tries = 0; tries < 50 && existsSync(folder); tries += 1) {
    await rmdir(folder).catch(() => undefined)
    await pause(100)
  }
}
