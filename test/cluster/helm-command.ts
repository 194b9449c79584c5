import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { type KubeProgram, kubeProgram } from './kube-programs.ts'

export const CHART = join(import.meta.dirname, '../../charts/idgen')

/** Runs helm, helm-unittest, kubeconform or kubectl; resolves with what it printed. Rejects with that, when it fails. */
export async function run(
  program: KubeProgram,
  args: readonly string[],
  options: { readonly home?: string; readonly kubeconfig?: string } = {},
): Promise<string> {
  const path = kubeProgram(program)
  if (path === undefined) throw new Error(`${program} is missing: scripts/install-kubernetes.sh makes it`)
  const { home = '/nonexistent', kubeconfig = '/nonexistent' } = options
  // Nothing of the caller's: neither a cluster, nor plugins, nor a namespace.
  const env = { HOME: home, KUBECONFIG: kubeconfig, PATH: process.env['PATH'] }
  try {
    const { stdout } = await promisify(execFile)(path, [...args], {
      env,
      timeout: RUN_MAX_MS,
      maxBuffer: OUTPUT_MAX,
    })
    return stdout
  } catch (thrown) {
    const { stdout = '', stderr = '' } = thrown as { stdout?: string; stderr?: string }
    throw new Error(`${program} ${args.join(' ')}\n${stdout}\n${stderr}`, { cause: thrown })
  }
}

const RUN_MAX_MS = 120_000
/** The definitions alone are 50 kB. */
const OUTPUT_MAX = 10_000_000
