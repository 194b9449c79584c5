import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { readSettings, SETTINGS_HELP } from './settings.ts'

describe('settings of the operator', () => {
  test('nothing need be set', () => {
    assert.deepEqual(readSettings({}), {
      namespace: 'default',
      leaseName: 'idgen-operator',
      podName: 'idgen-operator',
      statusHost: '0.0.0.0',
      statusPort: 8080,
      statusCertificate: undefined,
      logLevel: 'info',
      watchNamespaces: [],
      image: undefined,
      allowedImages: [],
      serviceAddress: undefined,
      runbooks: undefined,
    })
  })

  test('lists have commas between, and nothing comes twice', () => {
    const { watchNamespaces, allowedImages } = readSettings({
      IDGEN_OPERATOR_WATCH_NAMESPACES: 'one, two,one,',
      IDGEN_OPERATOR_ALLOWED_IMAGES: 'ghcr.io/acme/,localhost:5000/idgen',
    })
    assert.deepEqual(watchNamespaces, ['one', 'two'])
    assert.deepEqual(allowedImages, ['ghcr.io/acme/', 'localhost:5000/idgen'])
  })

  test('the address of the service is never without TLS', () => {
    const address = (value: string) => ({ IDGEN_OPERATOR_SERVICE_ADDRESS: value })
    assert.equal(readSettings(address('https://127.0.0.1:8443')).serviceAddress, 'https://127.0.0.1:8443')
    for (const bad of ['http://a:8443', 'https://a/b', 'a:8443'])
      assert.throws(() => readSettings(address(bad)), /SERVICE_ADDRESS must be https/)
  })

  test('the address of the runbooks is one that the name of a page can be put behind', () => {
    const runbooks = (value: string) => readSettings({ IDGEN_OPERATOR_RUNBOOKS: value }).runbooks
    assert.equal(runbooks('https://wiki.example/idgen/'), 'https://wiki.example/idgen/')
    for (const bad of [
      'https://wiki.example/idgen',
      'wiki/',
      'javascript:alert(1)/',
      'https://a/?page=/'.slice(0, -1),
    ])
      assert.throws(() => runbooks(bad), /RUNBOOKS must be an address that ends with a slash/)
  })

  test('certificate and key of the status port go together, and are paths', () => {
    const [CERT, KEY] = ['IDGEN_OPERATOR_STATUS_CERT', 'IDGEN_OPERATOR_STATUS_KEY']
    const { statusCertificate } = readSettings({ [CERT]: '/etc/tls.crt', [KEY]: '/etc/tls.key' })
    assert.deepEqual(statusCertificate, { cert: '/etc/tls.crt', key: '/etc/tls.key' })
    assert.throws(() => readSettings({ [CERT]: '/etc/tls.crt' }), /STATUS_KEY is missing: it goes together/)
    assert.throws(() => readSettings({ [KEY]: '/etc/tls.key' }), /STATUS_CERT is missing: it goes together/)
    const text = '-----BEGIN PRIVATE KEY-----\nMIGH'
    const fault = (thrown: unknown): boolean =>
      thrown instanceof Error &&
      /STATUS_KEY must be the path of a file/.test(thrown.message) &&
      !thrown.message.includes('MIGH')
    assert.throws(() => readSettings({ [CERT]: '/etc/tls.crt', [KEY]: text }), fault)
  })

  test('every setting is explained', () => {
    const read = new Set<string>()
    readSettings(
      new Proxy<Record<string, undefined>>({}, { get: (_target, name) => void read.add(String(name)) }),
    )
    read.delete('HOSTNAME')
    for (const name of read) assert.match(SETTINGS_HELP, new RegExp(`^${name} `, 'm'))
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
      IDGEN_OPERATOR_WATCH_NAMESPACES: 'good,Bad',
    }
    assert.throws(
      () => readSettings(env),
      /STATUS_PORT.*LOG_LEVEL.*OPERATOR_NAMESPACE.*"Not_A_Name".*WATCH_NAMESPACES.*"Bad"/,
    )
  })
})
