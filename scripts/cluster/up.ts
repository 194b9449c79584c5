import { installIdgen, LOCAL_IMAGES, startCluster } from './cluster.ts'
import { applyStores, type Images, storesReady } from './install-idgen.ts'
import { NODE_ADDRESS } from './layout.ts'
import { stoppedDaemons } from './node.ts'
import { say, step } from './progress.ts'
import { isForeign, targetKubeconfig } from './target.ts'

/** `make cluster`. */
try {
  await (isForeign() ? installIntoForeign() : up())
} catch (thrown) {
  console.error(thrown instanceof Error ? thrown.message : String(thrown))
  if (!isForeign())
    console.error('`make cluster` again goes on from here, `make cluster-down` takes away what was started')
  process.exitCode = 1
}

async function up(): Promise<void> {
  if (stoppedDaemons().length === 0) say('a cluster runs already: what changed is installed anew')
  const digest = await startCluster()
  await installIdgen(LOCAL_IMAGES, digest)
  say('done; `make cluster-down` takes everything away')
  console.log(`
  export KUBECONFIG=${targetKubeconfig()}
  kubectl get idg,bt --namespace shop
  curl -H "Authorization: Bearer $(kubectl get secret orders-admin -n shop -o jsonpath='{.data.admin-key}' | base64 -d)" \\
    -H 'Host: orders.idgen.test' -X POST http://${NODE_ADDRESS}/v1/workspaces/shop/groups/orders/tags/invoice/ids
`)
}

/** KUBECONFIG names a cluster: nothing is started, and its nodes pull the images. */
async function installIntoForeign(): Promise<void> {
  const images = foreignImages()
  say(`installing into the cluster of KUBECONFIG (${targetKubeconfig()}); nothing is started here`)
  await step('PostgreSQL, Redis and etcd', async () => {
    await applyStores(images)
    await storesReady()
  })
  await installIdgen(images, images.idgen)
  say('done; try: kubectl get idg,bt --namespace shop')
}

function foreignImages(): Images {
  const idgen = process.env['IMAGE'] ?? ''
  if (idgen === '')
    throw new Error(
      'KUBECONFIG names a cluster, whose nodes pull images from a registry: push one (make image) and name it, ' +
        'for example IMAGE=registry.example/idgen:1.0 make cluster',
    )
  return {
    idgen,
    postgres: process.env['POSTGRES_IMAGE'] ?? 'postgres:18',
    etcd: process.env['ETCD_IMAGE'] ?? 'quay.io/coreos/etcd:v3.6.5',
    redis: process.env['REDIS_IMAGE'] ?? 'redis:7',
  }
}
