import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { whyNot } from './preconditions.ts'

const MACHINE = {
  platform: 'linux',
  userId: 0,
  fileSystems: 'nodev\tproc\nnodev\toverlay\n',
  refused: undefined,
}

describe('what a machine must be for a cluster', () => {
  test('root on Linux with overlayfs may start one', () => {
    assert.equal(whyNot(MACHINE), undefined)
  })

  test('others are told why not, and the other way', () => {
    assert.match(
      whyNot({ ...MACHINE, platform: 'darwin' }) ?? '',
      /needs Linux, and this is darwin.*KUBECONFIG/,
    )
    assert.match(whyNot({ ...MACHINE, userId: 1000 }) ?? '', /needs root, and this is user 1000.*KUBECONFIG/)
    assert.match(whyNot({ ...MACHINE, fileSystems: 'nodev\tproc\n' }) ?? '', /overlayfs.*KUBECONFIG/)
    assert.match(whyNot({ ...MACHINE, refused: 'no control group' }) ?? '', /no control group.*KUBECONFIG/)
  })
})
