import { applyManifest, rolledOut } from './apply-manifest.ts'
import { makeCertificates } from './certificates.ts'
import { startContainerd } from './container-runtime.ts'
import { startControlPlane } from './control-plane.ts'
import { Daemon } from './daemon.ts'
import { nodeReady, startKubelet, startKubeProxy } from './kubelet.ts'
import { logFile } from './layout.ts'
import { loadImages } from './load-images.ts'
import { nodeImages } from './node-images.ts'
import { layNetwork } from './node-network.ts'
import { installPackages } from './programs.ts'
import { step } from './progress.ts'

/**
 * A Ready node on which a name server, metrics and an ingress controller are starting (nodePodsReady). What runs already is
 * left.
 */
export async function startNode(): Promise<void> {
  await step("Debian's packages", installPackages)
  await step('keys and certificates', makeCertificates)
  await step('network', layNetwork)
  await step('containerd, and the images of the node', async () => {
    await startContainerd()
    await loadImages(await nodeImages())
  })
  await step('etcd, kube-apiserver, kube-controller-manager, kube-scheduler', startControlPlane)
  await step('kubelet and kube-proxy', async () => {
    startKubelet()
    startKubeProxy()
    await nodeReady()
  })
  const stopped = stoppedDaemons()
  if (stopped.length > 0)
    throw new Error(`${stopped.join(' and ')} ended; see ${stopped.map(logFile).join(' ')}`)
  await step('name server, metrics-server, ingress controller', async () => {
    const names = ['coredns', 'metrics-server', 'contour-kinds', 'contour']
    for (const name of names) await applyManifest(name)
  })
}

/** The name server, metrics and the ingress controller are there. */
export async function nodePodsReady(): Promise<void> {
  await rolledOut('kube-system', ['deployment/coredns', 'deployment/metrics-server'])
  await rolledOut('ingress', ['deployment/contour'])
}

const DAEMONS = [
  'etcd',
  'kube-apiserver',
  'kube-controller-manager',
  'kube-scheduler',
  'containerd',
  'kubelet',
  'kube-proxy',
] as const

/** Those that should run on a node and do not. */
export function stoppedDaemons(): string[] {
  return DAEMONS.filter((name) => !new Daemon(name).running)
}
