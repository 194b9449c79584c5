import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { temporaryFolder } from '../../test/fixtures/temporary-folder.ts'
import { Daemon, recordedDaemons, startTimeOf } from './daemon.ts'

const folder = temporaryFolder('idgen-daemon-')

describe('a program of the cluster', () => {
  const record = join(folder, 'pids/sleep.json')
  const pid = async (): Promise<number> => Number(/"pid":(\d+)/.exec(await readFile(record, 'utf8'))?.[1])

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
