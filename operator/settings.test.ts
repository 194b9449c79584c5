import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { readSettings } from './settings.ts'

describe('settings of the operator', () => {
  test('nothing need be set', () => {
    assert.deepEqual(readSettings({}), {
      namespace: 'default',
      leaseName: 'idgen-operator',
      podName: 'idgen-operator',
      statusHost: '0.0.0.0',
      statusPort: 8080,
      logLevel: 'info',
    })
  })

  test('what is set holds, and the pod is named by its host unless it is told', () => {
    const env = { HOSTNAME: 'pod-1', IDGEN_OPERATOR_NAMESPACE: 'ids', IDGEN_OPERATOR_STATUS_PORT: '9000' }
    const { namespace, podName, statusPort } = readSettings(env)
    assert.deepEqual([namespace, podName, statusPort], ['ids', 'pod-1', 9000])
    assert.equal(readSettings({ ...env, IDGEN_OPERATOR_POD: 'p' }).podName, 'p')
  })

  test('all faults are told at once', () => {
    const env = {
      IDGEN_OPERATOR_STATUS_PORT: 'http',
      IDGEN_OPERATOR_LOG_LEVEL: 'loud',
      IDGEN_OPERATOR_NAMESPACE: 'Not_A_Name',
    }
    assert.throws(() => readSettings(env), /STATUS_PORT.*LOG_LEVEL.*NAMESPACE.*"Not_A_Name"/)
  })
})
