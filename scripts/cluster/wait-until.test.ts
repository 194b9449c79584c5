import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { waitUntil } from './wait-until.ts'

const WAIT = { what: 'the node is Ready', limitMs: 20, everyMs: 1, see: 'kubelet.log' }

describe('waiting for a part of the cluster', () => {
  test('ends when it holds, also after looks that failed', async () => {
    let looks = 0
    await waitUntil(
      () => {
        looks += 1
        if (looks === 1) throw new Error('refused')
        return looks === 3
      },
      { ...WAIT, limitMs: 60_000 },
    )
    assert.equal(looks, 3)
  })

  test('tells what did not come, the last error and where to look', async () => {
    await assert.rejects(
      waitUntil(() => Promise.reject(new Error('connection refused')), WAIT),
      { message: 'the node is Ready did not happen within 0.02 s (connection refused); see kubelet.log' },
    )
  })

  test('gives up at once when what is waited for can no longer come', async () => {
    const hopeless = (): string => 'kubelet ended'
    await assert.rejects(
      waitUntil(() => false, { ...WAIT, limitMs: 3_600_000, hopeless }),
      { message: 'the node is Ready: kubelet ended; see kubelet.log' },
    )
  })
})
