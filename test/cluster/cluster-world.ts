import { randomBytes } from 'node:crypto'
import { SystemClock } from '../../operator/runtime/clock.ts'
import type { HttpKubeClient } from '../../operator/runtime/http-kube-client.ts'
import type { Change } from '../../operator/runtime/object-store.ts'
import { Reflector, type ReflectorOptions } from '../../operator/runtime/reflector.ts'
import type { KubeObject } from '../../operator/runtime/resource.ts'
import type { FaultProxy } from './fault-proxy.ts'

export interface ConfigMap extends KubeObject {
  readonly data?: Readonly<Record<string, string>>
}

export const CONFIG_MAPS = {
  group: '',
  version: 'v1',
  kind: 'ConfigMap',
  plural: 'configmaps',
  namespaced: true,
} as const

/** One for each test: nothing of another one is in it. */
export async function newNamespace(client: HttpKubeClient): Promise<string> {
  const name = `t-${randomBytes(5).toString('hex')}`
  const body = { apiVersion: 'v1', kind: 'Namespace', metadata: { name } }
  await client.send({ method: 'POST', path: '/api/v1/namespaces', body })
  return name
}

export async function createConfigMap(
  client: HttpKubeClient,
  namespace: string,
  name: string,
  data: Readonly<Record<string, string>> = {},
): Promise<ConfigMap> {
  return await client.send<ConfigMap>({
    method: 'POST',
    path: `/api/v1/namespaces/${namespace}/configmaps`,
    body: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data },
  })
}

export async function deleteConfigMap(
  client: HttpKubeClient,
  namespace: string,
  name: string,
): Promise<void> {
  await client.send({ method: 'DELETE', path: `/api/v1/namespaces/${namespace}/configmaps/${name}` })
}

/** A reflector of the ConfigMaps of one namespace that keeps what it tells. */
export function watchedConfigMaps(
  client: HttpKubeClient,
  namespace: string,
  options: Partial<ReflectorOptions<ConfigMap>> = {},
) {
  const changes: Change<ConfigMap>[] = []
  const failures: string[] = []
  const waits: number[] = []
  const reflector = new Reflector<ConfigMap>({
    client,
    clock: new SystemClock(),
    random: Math.random,
    resource: CONFIG_MAPS,
    namespace,
    onChange: (change) => changes.push(change),
    watcher: {
      listed: () => {},
      watching: () => {},
      failed: (_kind, what, _thrown, ms) => {
        failures.push(what)
        waits.push(ms)
      },
    },
    ...options,
  })
  const told = (): string[] => changes.map(({ type, object }) => `${type} ${object.metadata.name}`)
  return { reflector, changes, failures, waits, told }
}

/** Waits for what must come; the time limit only says that it did not. */
export async function until(
  what: string,
  holds: () => boolean | Promise<boolean>,
  limitMs = 60_000,
): Promise<void> {
  const endMs = performance.now() + limitMs
  while (!(await holds())) {
    if (performance.now() > endMs) throw new Error(`not within ${limitMs} ms: ${what}`)
    await pause(10)
  }
}

export async function pause(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms))
}

/** Waits until the reflector's watch is open at the proxy. */
export async function watching(proxy: FaultProxy): Promise<void> {
  await until('a watch is open', () => proxy.openWatches > 0)
}
