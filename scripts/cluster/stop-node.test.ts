import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { startTimeOf } from './daemon.ts'
import { networkNamespaces } from './end-pods.ts'
import { mountsBelow } from './stop-node.ts'

describe('what a stop takes away', () => {
  test('mounts below the folder, the deepest first, no others', () => {
    const mounts = [
      'proc /proc proc rw 0 0',
      'tmpfs /c/cluster/kubelet/pods/1 tmpfs rw 0 0',
      'tmpfs /c/cluster/kubelet/pods/1/a\\040b tmpfs rw 0 0',
      'tmpfs /c/clusters tmpfs rw 0 0',
    ].join('\n')
    assert.deepEqual(mountsBelow(mounts, '/c/cluster'), [
      '/c/cluster/kubelet/pods/1/a b',
      '/c/cluster/kubelet/pods/1',
    ])
  })

  test('the network of each container, once', () => {
    const info =
      '{"namespaces": [{"path": "/var/run/netns/cni-1"}, {"path": "/proc/1/ns/ipc"}, {"path": "/var/run/netns/cni-1"}]}'
    assert.deepEqual(networkNamespaces(info), ['/var/run/netns/cni-1'])
  })

  test('processes, told apart from later ones of the same number by their start, and not those that ended', () => {
    const rest = Array.from({ length: 18 }, (_, i) => String(i)).join(' ')
    assert.equal(startTimeOf(`7 (a ) b) S ${rest} 4711 0`), '4711')
    assert.equal(startTimeOf(`7 (a) Z ${rest} 4711 0`), undefined)
  })
})
