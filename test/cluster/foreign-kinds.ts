import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parse } from 'yaml'
import type { HttpKubeClient } from '../../operator/runtime/http-kube-client.ts'
import { apiVersion, collectionPath, type Resource } from '../../operator/runtime/resource.ts'
import { leftOut } from '../fixtures/left-out.ts'
import { until } from './cluster-world.ts'

/** The definition of a kind, as far as tests read it. */
interface Definition {
  readonly metadata: { readonly name: string }
}

const DEFINITIONS: Resource = {
  group: 'apiextensions.k8s.io',
  version: 'v1',
  kind: 'CustomResourceDefinition',
  plural: 'customresourcedefinitions',
  namespaced: false,
}

/** Where projects keep the definitions of their kinds: the real ones, as their Go modules carry them. */
const MODULES: Readonly<Record<string, readonly string[]>> = {
  'github.com/prometheus-operator/prometheus-operator@v0.85.0': [
    'example/prometheus-operator-crd/monitoring.coreos.com_servicemonitors.yaml',
    'example/prometheus-operator-crd/monitoring.coreos.com_prometheusrules.yaml',
    'example/prometheus-operator-crd/monitoring.coreos.com_alertmanagerconfigs.yaml',
  ],
  'sigs.k8s.io/gateway-api@v1.4.1': [
    'config/crd/standard/gateway.networking.k8s.io_httproutes.yaml',
    'config/crd/standard/gateway.networking.k8s.io_grpcroutes.yaml',
    'config/crd/standard/gateway.networking.k8s.io_backendtlspolicies.yaml',
  ],
  'github.com/cert-manager/cert-manager@v1.19.2': ['deploy/crds/cert-manager.io_certificates.yaml'],
}

/** The definitions, or why there are none here: they come with Go, from its module cache or proxy. @throws under CI, as `leftOut` */
export function foreignDefinitions(): { readonly files: readonly string[] } | { readonly missing: string } {
  const files: string[] = []
  for (const [module, paths] of Object.entries(MODULES)) {
    try {
      // A few seconds where they are not in the cache yet.
      const options = { encoding: 'utf8', timeout: 120_000, cwd: tmpdir(), stdio: 'pipe' } as const
      const answer = execFileSync('go', ['mod', 'download', '-json', module], options)
      const { Dir } = JSON.parse(answer) as { Dir: string }
      files.push(...paths.map((path) => join(Dir, path)))
    } catch (thrown) {
      const why = thrown instanceof Error ? thrown.message.split('\n')[0] : String(thrown)
      return { missing: leftOut(`Go gives no ${module}: ${why}`) }
    }
  }
  return { files }
}

/** Puts in definitions and waits until their kinds are served. */
export async function define(
  client: HttpKubeClient,
  files: readonly string[],
  kinds: readonly Resource[],
): Promise<void> {
  for (const file of files) {
    const definition = parse(readFileSync(file, 'utf8')) as Definition
    const path = `${collectionPath(DEFINITIONS)}/${definition.metadata.name}`
    const query = { fieldManager: 'test', force: 'true' }
    // By apply: one of them is too large for the annotation that others use.
    await client.send({
      method: 'PATCH',
      path,
      query,
      body: definition,
      contentType: 'application/apply-patch+yaml',
    })
  }
  for (const kind of kinds)
    await until(`${kind.kind} of ${apiVersion(kind)} is served`, async () =>
      client.send({ method: 'GET', path: collectionPath(kind, 'default') }).then(
        () => true,
        () => false,
      ),
    )
}
