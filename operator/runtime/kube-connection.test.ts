import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { temporaryFolder } from '../../test/fixtures/temporary-folder.ts'
import { AgentCache, FreshFiles } from './kube-connection.ts'
import { FileConnection, loadConnection, loadNamespace, readKubeconfig } from './kubeconfig.ts'
import { ManualClock } from './manual-clock.ts'

const folder = temporaryFolder('idgen-kubeconfig-')

function written(name: string, text: string): string {
  const file = join(folder, name)
  writeFileSync(file, text)
  return file
}

function kubeconfig(name: string, user: string, cluster = 'server: https://k:6443/'): string {
  return written(
    name,
    [
      'current-context: b',
      'contexts:',
      '- {name: a, context: {cluster: none, user: none}}',
      '- {name: b, context: {cluster: c, user: u}}',
      `clusters: [{name: c, cluster: {${cluster}}}]`,
      `users: [{name: u, user: {${user}}}]`,
    ].join('\n'),
  )
}

describe('kept connections', () => {
  test('what makes the same connection has the same agent', () => {
    const agents = new AgentCache()
    const first = agents.for('https://a', { ca: 'ca', cert: 'c', key: 'k' })
    assert.equal(agents.for('https://a', { ca: Buffer.from('ca'), cert: 'c', key: 'k' }), first)
    for (const other of [
      agents.for('https://b', { ca: 'ca', cert: 'c', key: 'k' }),
      agents.for('https://a', { ca: 'cac', cert: '', key: 'k' }),
      agents.for('https://a', { ca: 'ca', cert: 'c', key: 'k', rejectUnauthorized: false }),
    ])
      assert.notEqual(other, first)
    agents.close()
  })

  test('after a rotation the new certificate counts, and old agents do not pile up', () => {
    const agents = new AgentCache()
    const first = agents.for('https://a', { cert: '0', key: '0' })
    for (let i = 1; i < 4; i += 1) agents.for('https://a', { cert: String(i), key: String(i) })
    assert.equal(agents.for('https://a', { cert: '0', key: '0' }), first)
    for (let i = 4; i < 8; i += 1) agents.for('https://a', { cert: String(i), key: String(i) })
    assert.notEqual(agents.for('https://a', { cert: '0', key: '0' }), first)
    agents.close()
  })

  test('a file that is replaced is read anew after ten seconds, or when it is forgotten', async () => {
    const clock = new ManualClock()
    const files = new FreshFiles(clock)
    const file = written('token', 'one')
    assert.equal(files.read(file), 'one')
    writeFileSync(file, 'two')
    await clock.advance(9999)
    assert.equal(files.read(file), 'one')
    await clock.advance(1)
    assert.equal(files.read(file), 'two')
    writeFileSync(file, 'three')
    files.forget()
    assert.equal(files.read(file), 'three')
  })
})

describe('kubeconfig files', () => {
  test('another context than the current one is taken when it is named, with its namespace', async () => {
    const file = written(
      'two',
      [
        'current-context: a',
        'contexts:',
        '- {name: a, context: {cluster: a, user: u}}',
        '- {name: b, context: {cluster: b, user: u, namespace: shop}}',
        'clusters: [{name: a, cluster: {server: https://a}}, {name: b, cluster: {server: https://b}}]',
        'users: [{name: u, user: {token: t}}]',
      ].join('\n'),
    )
    assert.equal(readKubeconfig(file)?.server, 'https://a')
    assert.equal(readKubeconfig(file, 'b')?.server, 'https://b')
    assert.equal(await loadNamespace({ KUBECONFIG: file }), undefined)
    assert.equal(await loadNamespace({ KUBECONFIG: file }, 'b'), 'shop')
    assert.throws(() => readKubeconfig(file, 'c'), /two has no context "c"; it has a, b/)
  })

  test('certificates and tokens come from the text or from files beside it', async () => {
    written('t', 'from-file\n')
    const access = readKubeconfig(
      kubeconfig('k1', 'tokenFile: t, token: other', 'server: https://k, certificate-authority-data: Y2E='),
    )
    assert.deepEqual(access?.ca, { text: 'ca' })
    assert.deepEqual(access?.token, { file: join(folder, 't') })
    assert.ok(access !== undefined)
    const connection = new FileConnection(access, new ManualClock())
    assert.deepEqual((await connection.credentials()).headers, { authorization: 'Bearer from-file' })
    assert.ok(connection.forget())
    connection.close()
  })

  test('a token in the text cannot be read anew', async () => {
    const connection = await loadConnection(
      { KUBECONFIG: kubeconfig('k2', 'token: fixed') },
      new ManualClock(),
    )
    assert.equal(connection.server, 'https://k:6443')
    assert.ok(!connection.forget())
    connection.close()
  })

  test('every login that is not read here is left to the package', () => {
    assert.equal(readKubeconfig(kubeconfig('k3', 'exec: {command: aws}')), undefined)
    assert.equal(readKubeconfig(kubeconfig('k4', 'username: u, password: p')), undefined)
    assert.equal(
      readKubeconfig(kubeconfig('k5', 'token: t', 'server: https://k, proxy-url: http://p')),
      undefined,
    )
  })

  test('a file without a current cluster is an error that names it', () => {
    assert.throws(() => readKubeconfig(written('k6', 'clusters: []')), /k6: current-context names no cluster/)
  })

  test('without a file and outside a pod it says what to do', async () => {
    await assert.rejects(
      loadConnection({ HOME: folder }, new ManualClock()),
      /set KUBECONFIG, or run in a pod/,
    )
  })
})
