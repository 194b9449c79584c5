import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { describe, it } from 'node:test'
import { freezeProcess } from '../fixtures/freeze-process.ts'

/** Says a line as often as it can, from the main thread and from those of the thread pool. */
const TALKER = `
  const { writeSync } = require('node:fs')
  const { pbkdf2 } = require('node:crypto')
  const work = () => pbkdf2('a', 'b', 50, 16, 'sha256', () => { writeSync(1, '.'); work() })
  for (let i = 0; i < 4; i += 1) work()`

describe('freezing a process', () => {
  it('is done when the call returns: nothing is said afterwards', async () => {
    const child = spawn(process.execPath, ['-e', TALKER], { stdio: ['ignore', 'pipe', 'inherit'] })
    try {
      await once(child.stdout, 'data')
      for (let round = 0; round < 20; round += 1) {
        freezeProcess(child.pid ?? 0)
        // What was said before is read; then there is silence.
        await settled()
        let late = 0
        const count = (chunk: Buffer): void => {
          late += chunk.length
        }
        child.stdout.on('data', count)
        await settled()
        assert.equal(late, 0)
        child.stdout.off('data', count)
        const said = once(child.stdout, 'data')
        child.kill('SIGCONT')
        await said
      }
    } finally {
      child.kill('SIGKILL')
    }
  })

  it('of a process that is gone throws', async () => {
    const child = spawn(process.execPath, ['-e', ''])
    await once(child, 'exit')
    assert.throws(() => freezeProcess(child.pid ?? 0), { code: 'ESRCH' })
  })
})

/** Every turn of the event loop reads what the pipe holds; a pipe of 64 KiB is empty after a few. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve))
}
