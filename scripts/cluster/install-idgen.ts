import { chownSync, existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { applyManifest, rolledOut } from './apply-manifest.ts'
import { kubectl } from './kubectl.ts'
import { CHECKOUT, FOLDER } from './layout.ts'
import { clientProgram } from './programs.ts'
import { runCommand } from './run-command.ts'
import { STORE_USER } from './store-images.ts'
import { targetKubeconfig } from './target.ts'

export interface Images {
  readonly idgen: string
  readonly postgres: string
  readonly etcd: string
  readonly redis: string
}

/** Folders of this machine as disks; they stay when a pod goes, and go with the cluster. */
export async function makeVolumes(): Promise<void> {
  const volumes = join(FOLDER, 'volumes')
  for (const name of ['postgres', 'etcd']) {
    const folder = join(volumes, name)
    mkdirSync(folder, { recursive: true, mode: 0o750 })
    chownSync(folder, STORE_USER, STORE_USER)
  }
  await applyManifest('volumes', { VOLUMES: volumes })
}

/** With images that replaced others of the same names, pods are made anew. Does not wait for them: storesReady does. */
export async function applyStores({ postgres, etcd, redis }: Images, replaced = false): Promise<void> {
  await applyManifest('stores', { POSTGRES_IMAGE: postgres, ETCD_IMAGE: etcd, REDIS_IMAGE: redis })
  if (replaced) await kubectl(['delete', 'pods', '--all', '--namespace=stores', '--wait=false'])
}

export async function storesReady(): Promise<void> {
  await rolledOut('stores', ['statefulset/postgres', 'statefulset/etcd', 'deployment/redis'])
}

/** The operator by the chart, as a user would; again: an upgrade. Another `mark` makes new pods of the same image name. */
export async function installOperator(
  { idgen }: Images,
  mark: string,
  more: readonly string[] = [],
): Promise<void> {
  const chart = join(CHECKOUT, 'charts/idgen')
  if (!existsSync(chart)) throw new Error(`${chart} is missing: the checkout is not whole`)
  const [repository, tag] = splitImage(idgen)
  const args = ['upgrade', '--install', 'idgen', chart]
  args.push('--namespace=idgen-system', '--create-namespace', '--wait', '--timeout=5m')
  args.push(`--set-string=image.repository=${repository}`, `--set-string=image.tag=${tag}`)
  args.push(`--set-string=podAnnotations.idgen\\.test/image=${mark}`, ...more)
  await runCommand(clientProgram('helm'), args, {
    limitMs: HELM_LIMIT_MS,
    env: { KUBECONFIG: targetKubeconfig() },
  })
}

/** A generator and two tags; resolves when all are ready. */
export async function installGenerator({ idgen }: Images, mark: string): Promise<void> {
  await applyManifest('idgen', { IMAGE: idgen, MARK: mark })
  for (const kind of ['idgenerator', 'biztag']) {
    const args = ['wait', '--for=condition=Ready', kind, '--all', '--namespace=shop', '--timeout=180s']
    await kubectl(args, { limitMs: HELM_LIMIT_MS }).catch(async (thrown: unknown) => {
      const said = thrown instanceof Error ? thrown.message : String(thrown)
      const seen = await kubectl(['get', 'idg,bt,pods,events', '--namespace=shop']).catch(() => '')
      throw new Error(`${kind} in namespace shop is not ready: ${said}\n${seen.slice(-4000)}`)
    })
  }
}

/** The last colon begins the tag, unless it begins a port: localhost:5000/idgen. */
export function splitImage(image: string): [repository: string, tag: string] {
  const colon = image.lastIndexOf(':')
  const hasTag = colon > image.lastIndexOf('/')
  if (!hasTag) return [image, 'latest']
  return [image.slice(0, colon), image.slice(colon + 1)]
}

/** Above helm's own limit: its message says more than "killed". */
const HELM_LIMIT_MS = 330_000
