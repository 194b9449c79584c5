import assert from 'node:assert/strict'
import { test } from 'node:test'
import { factsIn } from './redis-facts.ts'

test('what Redis says of itself is read by its names, and what it does not say is unknown', () => {
  const info =
    '# Server\r\nredis_version:7.4.1\r\n# Memory\r\nused_memory:1048576\r\nmaxmemory:2097152\r\nmaxmemory_policy:noeviction\r\n# Replication\r\nrole:slave\r\n'
  assert.deepEqual(factsIn(info, 'a:6379'), {
    address: 'a:6379',
    version: '7.4.1',
    role: 'slave',
    usedBytes: 1_048_576,
    maxBytes: 2_097_152,
    policy: 'noeviction',
  })
  assert.deepEqual(factsIn('nonsense', 'a:1'), {
    address: 'a:1',
    version: 'unknown',
    role: 'unknown',
    usedBytes: 0,
    maxBytes: 0,
    policy: 'unknown',
  })
})
