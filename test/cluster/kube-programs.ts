import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { etcdPrograms } from '../integration/etcd-programs.ts'

const CACHE = join(import.meta.dirname, '../../.cache/kubernetes')

export type KubeProgram = 'kube-apiserver' | 'kube-controller-manager'

/** Of KUBEBUILDER_ASSETS, else of the PATH, else what scripts/install-kubernetes.sh built. */
export function kubeProgram(name: KubeProgram): string | undefined {
  const assets = process.env['KUBEBUILDER_ASSETS']
  if (assets !== undefined && existsSync(join(assets, name))) return join(assets, name)
  const found = onPath(name)
  if (found !== undefined) return found
  const built = join(CACHE, pinnedVersion(), name)
  return existsSync(built) ? built : undefined
}

/** Why tests that need them are left out; undefined: they can run. */
export function missingPrograms(...names: readonly KubeProgram[]): string | undefined {
  const missing = names.filter((name) => kubeProgram(name) === undefined)
  if (missing.length > 0)
    return `${missing.join(' and ')} missing: run scripts/install-kubernetes.sh (needs Go), or set KUBEBUILDER_ASSETS`
  try {
    etcdPrograms()
    return undefined
  } catch (thrown) {
    return thrown instanceof Error ? thrown.message : String(thrown)
  }
}

function onPath(name: string): string | undefined {
  try {
    return execFileSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).trim()
  } catch {
    return undefined
  }
}

function pinnedVersion(): string {
  const module = readFileSync(join(import.meta.dirname, 'go.mod'), 'utf8')
  const version = /^\s*k8s\.io\/kubernetes (v[0-9.]+)/m.exec(module)?.[1]
  if (version === undefined) throw new Error('test/cluster/go.mod names no version of k8s.io/kubernetes')
  return version
}
