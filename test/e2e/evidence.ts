import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { kubectl } from '../../scripts/cluster/kubectl.ts'
import { FOLDER } from '../../scripts/cluster/layout.ts'
import { NAMESPACE } from './kube-api.ts'
import { REPORT_FOLDER } from './measured.ts'

export const OPERATOR_NAMESPACE = 'idgen-system'

/** What there is to be seen after a failure, in a folder whose path it gives. Never fails itself. */
export async function collectEvidence(scenario: string): Promise<string> {
  const name = scenario
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .slice(0, 60)
  const folder = join(REPORT_FOLDER, `failed-${name}`)
  mkdirSync(folder, { recursive: true })
  const keep = async (file: string, args: readonly string[]): Promise<void> => {
    const text = await kubectl(args, { limitMs: 30_000 }).catch((thrown: unknown) => String(thrown))
    writeFileSync(join(folder, file), text)
  }
  await keep('all.txt', ['get', 'all,idg,bt,leases,pdb,hpa,ingress', '--all-namespaces', '--output=wide'])
  await keep('events.txt', ['get', 'events', '--all-namespaces', '--sort-by=.metadata.creationTimestamp'])
  for (const namespace of [NAMESPACE, OPERATOR_NAMESPACE, 'stores', 'ingress']) {
    const inIt = `--namespace=${namespace}`
    await keep(`${namespace}-described.txt`, ['describe', 'pods', inIt])
    for (const pod of await podNames(namespace)) {
      const log = ['logs', pod, inIt, '--timestamps', '--tail=2000']
      await keep(`${namespace}-${pod}.log`, log)
      await keep(`${namespace}-${pod}.previous.log`, [...log, '--previous'])
    }
  }
  await keep('objects.yaml', ['get', 'idg,bt,deployments,jobs', `--namespace=${NAMESPACE}`, '--output=yaml'])
  return `${folder} (logs of the node: ${join(FOLDER, 'logs')})`
}

async function podNames(namespace: string): Promise<string[]> {
  const args = ['get', 'pods', `--namespace=${namespace}`, '--output=jsonpath={.items[*].metadata.name}']
  const text = await kubectl(args).catch(() => '')
  return text.split(' ').filter((name) => name !== '')
}
