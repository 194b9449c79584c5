import { existsSync } from 'node:fs'
import { Daemon } from './daemon.ts'
import { idgenImages } from './idgen-image.ts'
import {
  applyStores,
  type Images,
  installGenerator,
  installOperator,
  makeVolumes,
  storesReady,
} from './install-idgen.ts'
import { hasKubeChains } from './kube-chains.ts'
import { nodeReady, startKubelet } from './kubelet.ts'
import { FOLDER } from './layout.ts'
import { loadImages } from './load-images.ts'
import { nodePodsReady, startNode } from './node.ts'
import { thisMachine, whyNot } from './preconditions.ts'
import { step } from './progress.ts'
import { storeImages } from './store-images.ts'
import { isForeign } from './target.ts'

/** Of the images that are made here. On another cluster a registry has them. */
export const LOCAL_IMAGES: Images = {
  idgen: 'idgen:dev',
  postgres: 'postgres:18',
  etcd: 'etcd:3.6',
  redis: 'redis:7',
}

/** A Ready node with all images and the stores; no idgen yet. Does only what is not done. Tells the digest of idgen:dev. */
export async function startCluster(): Promise<string> {
  if (isForeign()) throw new Error('KUBECONFIG names another cluster: take it away to start one here')
  const reason = whyNot(thisMachine())
  if (reason !== undefined) throw new Error(`no cluster can be started here: ${reason}`)
  if (!existsSync(FOLDER) && (await hasKubeChains()))
    throw new Error(
      'another Kubernetes has iptables rules (KUBE-…) on this machine: set KUBECONFIG to install into that one, or end it',
    )
  await startNode()
  await step('PostgreSQL, Redis and etcd', async () => {
    const { replaced } = await loadImages(await storeImages())
    await makeVolumes()
    await applyStores(LOCAL_IMAGES, replaced)
  })
  // Also idgen:next, the same code under another digest, and idgen:bad, whose pods end at once: for canaries.
  const loaded = await step('images of idgen', async () => loadImages(await idgenImages()))
  // Last: a pod takes its time, and the images are made meanwhile.
  await step('all of that ready', async () => {
    await nodePodsReady()
    await storesReady()
  })
  return loaded.digests[LOCAL_IMAGES.idgen] ?? ''
}

/** The operator, a generator and two tags, all ready. Again: an upgrade; `mark` tells apart images of the same name. */
export async function installIdgen(images: Images, mark: string): Promise<void> {
  await step('the operator, by helm', () => installOperator(images, mark))
  await step('a generator and two tags', () => installGenerator(images, mark))
}

/** As after a failure of the node's agent: pods go on, and must be known again. */
export async function restartKubelet(): Promise<void> {
  await new Daemon('kubelet').stop()
  startKubelet()
  await nodeReady()
}
