import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { leftOut } from '../fixtures/left-out.ts'
import { etcdPrograms } from '../integration/etcd-programs.ts'

const INSTALLER = join(import.meta.dirname, '../../scripts/install-kubernetes.sh')

export type KubeProgram =
  | 'kube-apiserver'
  | 'kube-controller-manager'
  | 'kubectl'
  | 'helm'
  | 'helm-unittest'
  | 'kubeconform'

/** Of KUBEBUILDER_ASSETS, else of the PATH, else what scripts/install-kubernetes.sh built. */
export function kubeProgram(name: KubeProgram): string | undefined {
  const found = spawnSync(INSTALLER, ['--print', name], { encoding: 'utf8' })
  return found.status === 0 ? found.stdout.trim() : undefined
}

/** Why tests that need them are left out; undefined: they can run. @throws under CI, as `leftOut` */
export function missingPrograms(...names: readonly KubeProgram[]): string | undefined {
  const missing = names.filter((name) => kubeProgram(name) === undefined)
  if (missing.length > 0)
    return leftOut(
      `${missing.join(' and ')} missing: run scripts/install-kubernetes.sh (needs Go), or set KUBEBUILDER_ASSETS`,
    )
  try {
    etcdPrograms()
    return undefined
  } catch (thrown) {
    return leftOut(thrown instanceof Error ? thrown.message : String(thrown))
  }
}
