// Runs beside others: it waits for a process to end, and times nothing.

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { test } from 'node:test'
import { promisify } from 'node:util'

const EVENT_LOOP = new URL('../../service/adapters/system/event-loop.ts', import.meta.url).href

/** Of a process of its own: whatever else runs in a process turns its loop. */
const WAITS_FOR_READING = `
  import { THREAD_LOOP } from ${JSON.stringify(EVENT_LOOP)}
  let turns = 0
  const again = () => {
    turns += 1
    THREAD_LOOP.onceRead(again)
  }
  THREAD_LOOP.onceRead(again)
  process.once('exit', () => process.stdout.write(String(turns)))
`

test('what waits for reading does not keep the loop turning: a process with nothing else to do ends', async () => {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--input-type=module', '--eval', WAITS_FOR_READING],
    // Where the loop turns for it the process never ends.
    { timeout: 60_000 },
  )
  assert.match(stdout, /^\d+$/)
})
