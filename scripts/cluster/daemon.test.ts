import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { Daemon, recordedDaemons, startTimeOf } from './daemon.ts'

const folder = await mkdtemp(join(tmpdir(), 'idgen-daemon-'))

describe('a program of the cluster', () => {
  const record = join(folder, 'pids/sleep.json')
  const pid = async (): Promise<number> => Number(/"pid":(\d+)/.exec(await readFile(record, 'utf8'))?.[1])

  after(() => rm(folder, { recursive: true, force: true }))

  test('is started once, known to a later run, and ended', async () => {
    const daemon = new Daemon('sleep', folder)
    daemon.start('sleep', ['300'])
    const first = await pid()
    daemon.start('sleep', ['300'])
    assert.equal(await pid(), first)
    assert.deepEqual(
      recordedDaemons(folder).map(({ name, running }) => [name, running]),
      [['sleep', true]],
    )
    await daemon.stop()
    const stat = await readFile(`/proc/${first}/stat`, 'utf8').catch(() => '')
    assert.equal(startTimeOf(stat), undefined)
    assert.deepEqual(recordedDaemons(folder), [])
  })

  test('is not taken for another process that has its number by now', async () => {
    const daemon = new Daemon('sleep', folder)
    await writeFile(record, JSON.stringify({ pid: process.pid, startTime: '1' }))
    assert.equal(daemon.running, false)
    // Would end this test.
    await daemon.stop()
  })

  test('that does not exist is named', () => {
    assert.throws(
      () => new Daemon('ghost', folder).start('/nonexistent/ghost', []),
      /ghost: \/nonexistent\/ghost cannot be started/,
    )
  })
})
