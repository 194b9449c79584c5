import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { ContainerStatus, Pod } from './kube-kinds.ts'
import { podRestarts } from './pod-restarts.ts'

const CREATED = '2026-11-26T10:00:00Z'
const createdMs = Date.parse(CREATED)

function pod(...containerStatuses: ContainerStatus[]): Pod {
  const metadata = { name: 'p', uid: 'p', resourceVersion: '1', creationTimestamp: CREATED }
  return { apiVersion: 'v1', kind: 'Pod', metadata, status: { containerStatuses } }
}

describe('the restarts of a pod', () => {
  test('are those of the service, with its last end', () => {
    const ended = { terminated: { exitCode: 137, finishedAt: '2026-11-26T11:00:00Z' } }
    const lastEndMs = createdMs + 3_600_000
    assert.deepEqual(podRestarts([pod({ name: 'idgen', restartCount: 2, lastState: ended })]), [
      { createdMs, restarts: 2, lastEndMs },
    ])
    // Between two starts.
    assert.deepEqual(podRestarts([pod({ name: 'idgen', restartCount: 1, state: ended })]), [
      { createdMs, restarts: 1, lastEndMs },
    ])
  })

  test('are not those of a container that a mesh added', () => {
    const statuses = [
      { name: 'proxy', restartCount: 50 },
      { name: 'idgen', restartCount: 0 },
    ]
    assert.deepEqual(podRestarts([pod(...statuses)]), [{ createdMs, restarts: 0 }])
  })

  test('are not known before the container is', () => {
    assert.deepEqual(podRestarts([pod()]), [])
  })
})
