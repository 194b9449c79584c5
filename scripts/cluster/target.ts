import { KUBECONFIG_FILE } from './layout.ts'

/** The user's own cluster where KUBECONFIG names one, else the one that `make cluster` starts. */
export function targetKubeconfig(): string {
  const own = process.env['KUBECONFIG']
  return own === undefined || own === '' ? KUBECONFIG_FILE : own
}

/** Whether KUBECONFIG names a cluster that `make cluster` did not start. */
export function isForeign(): boolean {
  return targetKubeconfig() !== KUBECONFIG_FILE
}
