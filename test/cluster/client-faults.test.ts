import assert from 'node:assert/strict'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { KubeConfig } from '@kubernetes/client-node'
import { Applier } from '../../operator/runtime/apply.ts'
import { SystemClock } from '../../operator/runtime/clock.ts'
import { HttpKubeClient } from '../../operator/runtime/http-kube-client.ts'
import { isStatus, type KubeError } from '../../operator/runtime/kube-client.ts'
import { loginConnection } from '../../operator/runtime/kube-login.ts'
import { FileConnection, loadConnection, readKubeconfig } from '../../operator/runtime/kubeconfig.ts'
import { LeaseObject, microTime } from '../../operator/runtime/lease.ts'
import { ManualClock } from '../../operator/runtime/manual-clock.ts'
import { type KubeObject, objectPath } from '../../operator/runtime/resource.ts'
import { CONFIG_MAPS, type ConfigMap, createConfigMap, newNamespace, until } from './cluster-world.ts'
import { FaultProxy } from './fault-proxy.ts'
import { KubeApi, TOKENS } from './kube-api.ts'
import { missingPrograms } from './kube-programs.ts'

const DEPLOYMENTS = {
  group: 'apps',
  version: 'v1',
  kind: 'Deployment',
  plural: 'deployments',
  namespaced: true,
}
const WIDGETS = { group: 'test.idgen.io', version: 'v1', kind: 'Widget', plural: 'widgets', namespaced: true }

interface Deployment extends KubeObject {
  readonly spec: { readonly replicas?: number }
}

interface Widget extends KubeObject {
  readonly spec?: { readonly size?: number; readonly extra?: { readonly deep?: readonly number[] } }
  readonly status?: { readonly ready?: boolean }
}

const missing = missingPrograms('kube-apiserver')

/** The rows about calls; the numbers are those of the table that watch-faults.test.ts begins. */
// A group that is left out says nothing; a test says why.
if (missing !== undefined) test('calls to a real API server', { skip: missing }, () => {})

describe('calls to a real API server', { skip: missing !== undefined }, () => {
  let api: KubeApi
  let proxy: FaultProxy
  let client: HttpKubeClient
  before(async () => {
    api = await KubeApi.start()
    proxy = await FaultProxy.start(api)
    client = api.client(proxy.url)
  })
  after(async () => {
    await proxy?.close()
    await api?.close()
  })

  function deployment(namespace: string, replicas: number, extra: object = {}) {
    const labels = { app: 'x' }
    return {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'd', namespace },
      spec: {
        replicas,
        selector: { matchLabels: labels },
        template: { metadata: { labels }, spec: { containers: [{ name: 'c', image: 'i' }] } },
        ...extra,
      },
    }
  }

  test('row 13: two hundred calls share a connection, whatever the login', async () => {
    const file = await api.kubeconfig(proxy.url)
    const config = new KubeConfig()
    config.loadFromFile(file)
    for (const connection of [
      await loadConnection({ KUBECONFIG: file }, new SystemClock()),
      loginConnection(config),
    ]) {
      const own = new HttpKubeClient(connection, 'idgen-test')
      const before = proxy.connections
      for (let i = 0; i < 200; i += 1) await own.send({ method: 'GET', path: '/api/v1/namespaces/default' })
      assert.equal(proxy.connections - before, 1)
      connection.close()
    }
  })

  test('a login by a program is left to the package', async () => {
    const credential = {
      apiVersion: 'client.authentication.k8s.io/v1',
      kind: 'ExecCredential',
      status: { token: TOKENS.second },
    }
    const exec = {
      apiVersion: 'client.authentication.k8s.io/v1',
      command: 'echo',
      args: [JSON.stringify(credential)],
      interactiveMode: 'Never',
    }
    const KUBECONFIG = await api.kubeconfig(proxy.url, { exec })
    const config = new KubeConfig()
    config.loadFromFile(KUBECONFIG)
    assert.equal(readKubeconfig(KUBECONFIG), undefined)
    const connection = loginConnection(config)
    proxy.clear()
    await new HttpKubeClient(connection, 'idgen-test').send({
      method: 'GET',
      path: '/api/v1/namespaces/default',
    })
    assert.equal(proxy.requests[0]?.authorization, `Bearer ${TOKENS.second}`)
    connection.close()
  })

  test('row 14: a plain http server is refused unless its configuration allows it', async () => {
    const server = createServer((_request, response) => response.end('{"ok":true}')).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const at = (insecure: boolean): HttpKubeClient =>
      new HttpKubeClient(new FileConnection({ server: url, insecure }, new SystemClock()), 'idgen-test')
    try {
      await assert.rejects(at(false).send({ method: 'GET', path: '/version' }), /plain HTTP is not allowed/)
      assert.deepEqual(await at(true).send({ method: 'GET', path: '/version' }), { ok: true })
    } finally {
      server.closeAllConnections()
      server.close()
    }
  })

  test('row 15: server-side apply keeps replicas 0, and applying the same again writes nothing', async () => {
    const namespace = await newNamespace(client)
    const applier = new Applier({ client, fieldManager: 'test' })
    proxy.clear()
    const made = await applier.apply<Deployment>(DEPLOYMENTS, deployment(namespace, 0))
    assert.equal(made.spec.replicas, 0)
    const [seen] = proxy.requests
    assert.equal(seen?.contentType, 'application/apply-patch+yaml')
    assert.equal(seen?.query.get('fieldManager'), 'test')
    const again = await applier.apply<Deployment>(DEPLOYMENTS, deployment(namespace, 0))
    assert.equal(again.metadata.resourceVersion, made.metadata.resourceVersion)
  })

  test('row 15: what somebody else set is seen as a conflict, then taken over', async () => {
    const namespace = await newNamespace(client)
    const conflicts: KubeError[] = []
    const onConflict = (_key: string, _kind: string, conflict: KubeError): number => conflicts.push(conflict)
    await new Applier({ client, fieldManager: 'other' }).apply(DEPLOYMENTS, deployment(namespace, 2))
    const ours = new Applier({ client, fieldManager: 'ours', onConflict })
    const taken = await ours.apply<Deployment>(DEPLOYMENTS, deployment(namespace, 3))
    assert.equal(taken.spec.replicas, 3)
    assert.match(conflicts[0]?.message ?? '', /conflict with "other"/)
    assert.equal(conflicts.length, 1)
  })

  test('row 15: an object that was deleted and made anew is not taken for the old one', async () => {
    const namespace = await newNamespace(client)
    await createConfigMap(client, namespace, 'm')
    const applied = {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'm', namespace, uid: '00000000-0000-4000-8000-000000000000' },
      data: { a: '1' },
    }
    await assert.rejects(
      new Applier({ client, fieldManager: 'test' }).apply(CONFIG_MAPS, applied),
      (thrown) => isStatus(thrown, 422),
    )
    const path = objectPath(CONFIG_MAPS, `${namespace}/m`)
    assert.equal((await client.send<ConfigMap>({ method: 'GET', path })).data?.['a'], undefined)
  })

  test('row 16: a field that the typed client does not know is sent, and the server decides', async () => {
    const namespace = await newNamespace(client)
    proxy.clear()
    const applier = new Applier({ client, fieldManager: 'test' })
    await assert.rejects(
      applier.apply(DEPLOYMENTS, deployment(namespace, 1, { fieldOfTheFuture: true })),
      /fieldOfTheFuture/,
    )
    assert.match(proxy.requests[0]?.body ?? '', /"fieldOfTheFuture":true/)
  })

  test('rows 17 and 20: a new kind works as soon as the server knows it, its status apart', async () => {
    const namespace = await newNamespace(client)
    await client.send({
      method: 'POST',
      path: '/apis/apiextensions.k8s.io/v1/customresourcedefinitions',
      body: widgetDefinition(),
    })
    const applier = new Applier({ client, fieldManager: 'test' })
    const object = { apiVersion: 'test.idgen.io/v1', kind: 'Widget', metadata: { name: 'w', namespace } }
    const spec = { size: 0, extra: { deep: [1, 2] } }
    const wanted = { ...object, spec }
    await until('the kind is served', async () => {
      try {
        await applier.apply(WIDGETS, wanted)
        return true
      } catch (thrown) {
        if (isStatus(thrown, 404)) return false
        throw thrown
      }
    })
    const withStatus = await applier.applyStatus<Widget>(WIDGETS, { ...object, status: { ready: true } })
    assert.deepEqual(withStatus.status, { ready: true })
    assert.deepEqual(withStatus.spec, spec)
    const again = await applier.apply<Widget>(WIDGETS, wanted)
    assert.deepEqual(again.status, { ready: true })
    assert.equal(again.metadata.resourceVersion, withStatus.metadata.resourceVersion)
  })

  test('row 18: a patch says what it is; without, the server refuses it', async () => {
    const namespace = await newNamespace(client)
    await createConfigMap(client, namespace, 'm')
    const path = objectPath(CONFIG_MAPS, `${namespace}/m`)
    const patch = { method: 'PATCH', path, body: { data: { a: '1' } } } as const
    await assert.rejects(client.send(patch), (thrown) => isStatus(thrown, 400, 415))
    const merged = await client.send<ConfigMap>({ ...patch, contentType: 'application/merge-patch+json' })
    assert.deepEqual(merged.data, { a: '1' })
  })

  test('row 19: a lease with times of six digits is taken, with three it is refused', async () => {
    const namespace = await newNamespace(client)
    const lease = new LeaseObject(client, namespace, 'l')
    const { signal } = new AbortController()
    const nowMs = Date.UTC(2026, 0, 1, 0, 0, 0, 244)
    await assert.rejects(
      lease.create({ holderIdentity: 'a', renewTime: new Date(nowMs).toISOString() }, signal),
      (thrown) => isStatus(thrown, 400),
    )
    const made = await lease.create({ holderIdentity: 'a', renewTime: microTime(nowMs) }, signal)
    assert.equal(made.spec.renewTime, '2026-01-01T00:00:00.244000Z')
    const read = await lease.read(signal)
    assert.deepEqual(read, made)
  })

  test('a token that was rotated is read anew when the old one is refused', async () => {
    const tokenFile = join(api.folder, 'token')
    await writeFile(tokenFile, `${TOKENS.first}\n`)
    const KUBECONFIG = await api.kubeconfig(proxy.url, { tokenFile })
    const connection = await loadConnection({ KUBECONFIG }, new ManualClock())
    const rotating = new HttpKubeClient(connection, 'idgen-test')
    const whoAmI = { method: 'GET', path: '/api/v1/namespaces/default' } as const
    await rotating.send(whoAmI)
    await writeFile(tokenFile, TOKENS.second)
    proxy.fault = ({ authorization }) =>
      authorization.includes(TOKENS.first) ? { kind: 'answer', status: 401 } : undefined
    try {
      const connections = proxy.connections
      await rotating.send(whoAmI)
      assert.equal(proxy.connections, connections, 'a token makes no new connection')
      proxy.clear()
      await rotating.send(whoAmI)
      assert.deepEqual(
        proxy.requests.map(({ authorization }) => authorization),
        [`Bearer ${TOKENS.second}`],
      )
    } finally {
      proxy.fault = () => undefined
    }
  })

  test('an error says what was asked, what the server answered and when to come back', async () => {
    await assert.rejects(client.send({ method: 'GET', path: '/api/v1/namespaces/none' }), (thrown) => {
      assert.ok(isStatus(thrown, 404))
      assert.equal(thrown.message, 'GET /api/v1/namespaces/none: 404 namespaces "none" not found')
      assert.equal(thrown.reason, 'NotFound')
      return true
    })
    proxy.fault = () => ({ kind: 'answer', status: 429, headers: { 'retry-after': '3' } })
    const limited = await client.send({ method: 'GET', path: '/version' }).catch((thrown: unknown) => thrown)
    assert.ok(isStatus(limited, 429))
    assert.equal(limited.retryAfterMs, 3000)
    proxy.fault = () => ({ kind: 'reset' })
    const torn = await client.send({ method: 'GET', path: '/version' }).catch((thrown: unknown) => thrown)
    assert.ok(isStatus(torn, 0))
    proxy.fault = () => undefined
  })
})

function widgetDefinition(): object {
  const schema = {
    type: 'object',
    properties: {
      spec: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
      status: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
    },
  }
  const version = {
    name: 'v1',
    served: true,
    storage: true,
    schema: { openAPIV3Schema: schema },
    subresources: { status: {} },
  }
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: 'widgets.test.idgen.io' },
    spec: {
      group: 'test.idgen.io',
      scope: 'Namespaced',
      names: { plural: 'widgets', singular: 'widget', kind: 'Widget' },
      versions: [version],
    },
  }
}
