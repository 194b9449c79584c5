import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { test } from 'node:test'
import { processAlive } from '../service/adapters/embedded/process-alive.ts'
import { Meanwhile } from './meanwhile.ts'

test('what it prints stands together, and its exit code counts', async () => {
  const good = await new Meanwhile('echo one; echo two >&2').ended()
  assert.deepEqual(good, { isGood: true, how: 'exit 0', said: 'one\ntwo\n' })
  const bad = await new Meanwhile('echo three; exit 4').ended()
  assert.deepEqual(bad, { isGood: false, how: 'exit 4', said: 'three\n' })
})

test('nobody is asked for less time than it', async () => {
  const { said } = await new Meanwhile('nice; cat /proc/self/autogroup 2> /dev/null || :').ended()
  const [niceness, session] = said.trim().split('\n')
  assert.equal(niceness, '19')
  if (existsSync('/proc/self/autogroup')) assert.match(session ?? '', /nice 19$/)
})

test('it is ended with all that it has started when it takes too long', async () => {
  const { isGood, how, said } = await new Meanwhile('sleep 600 & echo $!; wait', 500).ended()
  assert.deepEqual([isGood, how], [false, 'exit SIGKILL'])
  assert.ok(said === '' || !processAlive(Number(said)))
})
