import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { removals } from './kube-chains.ts'

describe('the chains of Kubernetes', () => {
  test('go after what leads to them; all others stay', () => {
    const rules = [
      '-P INPUT ACCEPT',
      '-N DOCKER',
      '-N KUBE-SERVICES',
      '-N KUBE-SEP-A',
      '-A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES',
      '-A PREROUTING -j DOCKER',
      '-A KUBE-SERVICES -j KUBE-SEP-A',
    ].join('\n')
    assert.deepEqual(removals(rules), [
      ['-D', 'PREROUTING', '-m', 'comment', '--comment', 'kubernetes service portals', '-j', 'KUBE-SERVICES'],
      ['-F', 'KUBE-SERVICES'],
      ['-F', 'KUBE-SEP-A'],
      ['-X', 'KUBE-SERVICES'],
      ['-X', 'KUBE-SEP-A'],
    ])
  })

  test('that are not there need no command', () => {
    assert.deepEqual(removals('-P INPUT ACCEPT\n-N DOCKER\n-A INPUT -j DOCKER'), [])
  })
})
