import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { kubectl } from './kubectl.ts'

const MANIFESTS = join(import.meta.dirname, 'manifests')

/** Applies a file of manifests/, with the words that are keys of `values` replaced. */
export async function applyManifest(
  name: string,
  values: Readonly<Record<string, string>> = {},
): Promise<void> {
  const text = fillIn(readFileSync(join(MANIFESTS, `${name}.yaml`), 'utf8'), values)
  await kubectl(['apply', '--server-side', '--field-manager=make-cluster', '--filename=-'], { input: text })
}

/** Whole words only, and each must be there: a name that changed on one side only would go unnoticed. */
export function fillIn(text: string, values: Readonly<Record<string, string>>): string {
  return Object.entries(values).reduce((filled, [word, value]) => {
    const pattern = new RegExp(`(?<![\\w-])${word}(?![\\w-])`, 'g')
    if (!pattern.test(filled)) throw new Error(`the manifest has no ${word} to replace`)
    return filled.replace(pattern, () => value)
  }, text)
}

/** Waits until all pods of these Deployments and StatefulSets are ready, as kubectl names them: deployment/coredns. */
export async function rolledOut(
  namespace: string,
  names: readonly string[],
  limitSeconds = 180,
): Promise<void> {
  for (const name of names) {
    const args = ['rollout', 'status', name, `--namespace=${namespace}`, `--timeout=${limitSeconds}s`]
    await kubectl(args, { limitMs: (limitSeconds + 10) * 1000 }).catch(async (thrown: unknown) => {
      const pods = await kubectl(['get', 'pods,events', `--namespace=${namespace}`]).catch(() => '')
      const said = thrown instanceof Error ? thrown.message : String(thrown)
      throw new Error(`${name} in namespace ${namespace} is not ready: ${said}\n${pods.slice(-4000)}`)
    })
  }
}
