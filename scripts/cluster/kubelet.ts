import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { keyFile, writeKubeconfig } from './certificates.ts'
import { flags } from './command-line.ts'
import { Daemon } from './daemon.ts'
import { kubectl } from './kubectl.ts'
import {
  CONTAINERD_SOCKET,
  configFile,
  DNS_ADDRESS,
  FOLDER,
  logFile,
  NODE_ADDRESS,
  NODE_NAME,
  POD_RANGE,
} from './layout.ts'
import { program } from './programs.ts'
import { waitUntil } from './wait-until.ts'

export const KUBELET_FOLDER = join(FOLDER, 'kubelet')

export function startKubelet(): void {
  mkdirSync(KUBELET_FOLDER, { recursive: true })
  writeKubeconfig(configFile('kubelet'), 'kubelet')
  writeFileSync(configFile('kubelet.json'), JSON.stringify(kubeletConfig(), undefined, 2))
  // The machine's own name servers are of no use to pods that reach nothing outside.
  writeFileSync(configFile('resolv.conf'), '')
  new Daemon('kubelet').start(
    program('kubelet'),
    flags({
      config: configFile('kubelet.json'),
      kubeconfig: configFile('kubelet'),
      'root-dir': KUBELET_FOLDER,
      'cert-dir': join(KUBELET_FOLDER, 'certificates'),
      'hostname-override': NODE_NAME,
      'node-ip': NODE_ADDRESS,
    }),
  )
}

export function startKubeProxy(): void {
  writeKubeconfig(configFile('proxy'), 'proxy')
  const config = {
    apiVersion: 'kubeproxy.config.k8s.io/v1alpha1',
    kind: 'KubeProxyConfiguration',
    mode: 'iptables',
    clientConnection: { kubeconfig: configFile('proxy') },
    clusterCIDR: POD_RANGE,
    hostnameOverride: NODE_NAME,
    bindAddress: NODE_ADDRESS,
    healthzBindAddress: '127.0.0.1:10256',
    metricsBindAddress: '127.0.0.1:10249',
    // Machines in a sandbox may not change these limits of the kernel.
    conntrack: { maxPerCore: 0 },
  }
  writeFileSync(configFile('proxy.json'), JSON.stringify(config, undefined, 2))
  new Daemon('kube-proxy').start(program('kube-proxy'), flags({ config: configFile('proxy.json') }))
}

/** Waits until the node would take pods. */
export async function nodeReady(): Promise<void> {
  const path = 'jsonpath={.status.conditions[?(@.type=="Ready")].status}'
  await waitUntil(async () => (await kubectl(['get', 'node', NODE_NAME, '-o', path])) === 'True', {
    what: `node ${NODE_NAME} Ready`,
    // Fifteen seconds on an idle machine.
    limitMs: 180_000,
    everyMs: 500,
    see: logFile('kubelet'),
    hopeless: () => (new Daemon('kubelet').running ? undefined : 'kubelet ended'),
  })
}

function kubeletConfig(): object {
  return {
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    address: NODE_ADDRESS,
    authentication: {
      anonymous: { enabled: false },
      webhook: { enabled: true },
      x509: { clientCAFile: keyFile('ca.crt') },
    },
    authorization: { mode: 'Webhook' },
    tlsCertFile: keyFile('kubelet.crt'),
    tlsPrivateKeyFile: keyFile('kubelet.key'),
    containerRuntimeEndpoint: `unix://${CONTAINERD_SOCKET}`,
    cgroupDriver: 'cgroupfs',
    // Small machines and sandboxes still have the first kind of cgroups, and no swap to switch off.
    failCgroupV1: false,
    failSwapOn: false,
    clusterDNS: [DNS_ADDRESS],
    clusterDomain: 'cluster.local',
    resolvConf: configFile('resolv.conf'),
    volumePluginDir: join(KUBELET_FOLDER, 'plugins'),
    podLogsDir: join(FOLDER, 'logs/pods'),
    healthzBindAddress: '127.0.0.1',
    // A nearly full disk is no reason to evict what somebody tries out.
    evictionHard: { 'memory.available': '50Mi', 'nodefs.available': '1%', 'imagefs.available': '1%' },
    imageGCHighThresholdPercent: 100,
    imageGCLowThresholdPercent: 99,
    maxPods: 100,
    // The last log of a canary that failed must still be there for who looks.
    containerLogMaxSize: '5Mi',
    // Kernel settings that a sandbox refuses to change.
    protectKernelDefaults: false,
    makeIPTablesUtilChains: true,
  }
}
