import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Condition, ContainerStatus, Pod } from './kube-kinds.ts'
import { podFailure } from './pod-failures.ts'

function pod(status: Pod['status'], deletionTimestamp?: string): Pod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: 'p',
      namespace: 'ns',
      uid: 'u',
      resourceVersion: '1',
      ...(deletionTimestamp === undefined ? {} : { deletionTimestamp }),
    },
    ...(status === undefined ? {} : { status }),
  }
}

function container(status: Partial<ContainerStatus>): Pod {
  return pod({ containerStatuses: [{ name: 'idgen', ...status }] })
}

describe('pod failures', () => {
  test('pods that run, start or end are no failure', () => {
    const pods = [
      pod({}),
      container({ ready: true, restartCount: 3, state: {} }),
      container({ state: { waiting: { reason: 'ContainerCreating' } } }),
      pod({ containerStatuses: [{ name: 'idgen', state: { waiting: { reason: 'ErrImagePull' } } }] }, 'now'),
    ]
    assert.equal(podFailure(pods), undefined)
  })

  test('a state says its reason, and with it what is known', () => {
    const cases: readonly [Pod, string, RegExp][] = [
      [
        container({ state: { waiting: { reason: 'ImagePullBackOff', message: 'no such image' } } }),
        'ImagePullBackOff',
        /^pod p: no such image$/,
      ],
      [
        container({
          restartCount: 4,
          state: { waiting: { reason: 'CrashLoopBackOff' } },
          lastState: { terminated: { exitCode: 1, reason: 'Error', message: 'no database\n' } },
        }),
        'CrashLoopBackOff',
        /^pod p: ended with 1 \(Error\), no database, 4 restarts$/,
      ],
      [container({ restartCount: 1, ready: false, state: {} }), 'Restarting', /1 restarts/],
      [container({ state: { terminated: { exitCode: 137, reason: 'OOMKilled' } } }), 'OOMKilled', /137/],
      [
        pod({
          conditions: [
            { type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: '0/1 nodes' },
          ],
        }),
        'Unschedulable',
        /0\/1 nodes/,
      ],
    ]
    for (const [each, reason, message] of cases) {
      const failure = podFailure([pod({}), each])
      assert.equal(failure?.reason, reason)
      assert.match(failure?.message ?? '', message)
    }
  })

  test('of the end of a log it is the last words that count', () => {
    const log = '{"msg":"starting"}\n{"msg":"no answer"}\n'
    const said = (message: string): string | undefined =>
      podFailure([container({ state: { terminated: { exitCode: 1, reason: 'Error', message } } })])?.message
    assert.equal(
      said(`${log.repeat(40)}idgen: no database [IDGEN_STORE_UNAVAILABLE]\n  cause: refused\n`),
      'pod p: ended with 1 (Error), idgen: no database [IDGEN_STORE_UNAVAILABLE]\n  cause: refused',
    )
    assert.equal(said(log), 'pod p: ended with 1 (Error), {"msg":"no answer"}')
  })

  test('pods that may not even be made are told by their Deployment, and long texts are cut', () => {
    const condition: Condition = {
      type: 'ReplicaFailure',
      status: 'True',
      reason: 'FailedCreate',
      message: 'x'.repeat(5000),
    }
    const failure = podFailure([], [condition])
    assert.equal(failure?.reason, 'FailedCreate')
    assert.equal(failure?.message.length, 300)
    assert.equal(podFailure([], [{ ...condition, status: 'False' }]), undefined)
  })
})
