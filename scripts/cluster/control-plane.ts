import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { keyFile, writeKubeconfig } from './certificates.ts'
import { flags } from './command-line.ts'
import { Daemon } from './daemon.ts'
import { kubectl } from './kubectl.ts'
import {
  API_PORT,
  configFile,
  ETCD_PORT,
  FOLDER,
  KUBECONFIG_FILE,
  logFile,
  NODE_ADDRESS,
  POD_RANGE,
  SERVICE_RANGE,
} from './layout.ts'
import { etcdProgram, program } from './programs.ts'
import { waitUntil } from './wait-until.ts'

/** etcd, kube-apiserver, kube-controller-manager, kube-scheduler: the last three ready when it resolves. */
export async function startControlPlane(): Promise<void> {
  mkdirSync(join(FOLDER, 'config'), { recursive: true })
  for (const name of ['controller-manager', 'scheduler']) writeKubeconfig(configFile(name), name)
  writeKubeconfig(KUBECONFIG_FILE, 'admin')
  startEtcd()
  const server = new Daemon('kube-apiserver')
  server.start(program('kube-apiserver'), apiServerFlags())
  await waitUntil(async () => (await kubectl(['get', '--raw', '/readyz'])) === 'ok', {
    what: 'kube-apiserver ready',
    // Five seconds on an idle machine.
    limitMs: 120_000,
    see: logFile('kube-apiserver'),
    hopeless: () => (server.running ? undefined : 'it ended'),
  })
  new Daemon('kube-controller-manager').start(program('kube-controller-manager'), controllerFlags())
  new Daemon('kube-scheduler').start(
    program('kube-scheduler'),
    flags({ kubeconfig: configFile('scheduler'), 'leader-elect': false, 'bind-address': '127.0.0.1' }),
  )
}

/** The cluster's own; the etcd that idgen uses is a pod. */
function startEtcd(): void {
  const client = `http://127.0.0.1:${ETCD_PORT}`
  const peer = `http://127.0.0.1:${ETCD_PORT + 1}`
  new Daemon('etcd').start(
    etcdProgram(),
    flags({
      name: 'cluster',
      'data-dir': join(FOLDER, 'etcd'),
      'listen-client-urls': client,
      'advertise-client-urls': client,
      'listen-peer-urls': peer,
      'initial-advertise-peer-urls': peer,
      'initial-cluster': `cluster=${peer}`,
      // Nobody keeps what a trial cluster holds, and fsync is what a small machine's disk does slowest.
      'unsafe-no-fsync': true,
    }),
  )
}

function apiServerFlags(): string[] {
  return flags({
    'etcd-servers': `http://127.0.0.1:${ETCD_PORT}`,
    'bind-address': NODE_ADDRESS,
    'advertise-address': NODE_ADDRESS,
    'secure-port': API_PORT,
    'service-cluster-ip-range': SERVICE_RANGE,
    'authorization-mode': 'Node,RBAC',
    'enable-admission-plugins': 'NodeRestriction',
    'client-ca-file': keyFile('ca.crt'),
    'tls-cert-file': keyFile('apiserver.crt'),
    'tls-private-key-file': keyFile('apiserver.key'),
    'kubelet-certificate-authority': keyFile('ca.crt'),
    'kubelet-client-certificate': keyFile('kubelet-client.crt'),
    'kubelet-client-key': keyFile('kubelet-client.key'),
    'kubelet-preferred-address-types': 'InternalIP',
    'service-account-issuer': 'https://kubernetes.default.svc.cluster.local',
    'service-account-key-file': keyFile('accounts.pem'),
    'service-account-signing-key-file': keyFile('accounts.pem'),
    'requestheader-client-ca-file': keyFile('front-proxy-ca.crt'),
    'requestheader-allowed-names': 'front-proxy-client',
    'requestheader-username-headers': 'X-Remote-User',
    'requestheader-group-headers': 'X-Remote-Group',
    'requestheader-extra-headers-prefix': 'X-Remote-Extra-',
    'proxy-client-cert-file': keyFile('front-proxy.crt'),
    'proxy-client-key-file': keyFile('front-proxy.key'),
    // Privileged pods are nobody's need here, but a user's own may be.
    'allow-privileged': true,
  })
}

function controllerFlags(): string[] {
  return flags({
    kubeconfig: configFile('controller-manager'),
    'bind-address': '127.0.0.1',
    'leader-elect': false,
    'use-service-account-credentials': true,
    'service-account-private-key-file': keyFile('accounts.pem'),
    'root-ca-file': keyFile('ca.crt'),
    'cluster-cidr': POD_RANGE,
    'cluster-signing-cert-file': keyFile('ca.crt'),
    'cluster-signing-key-file': keyFile('ca.key'),
    'requestheader-client-ca-file': keyFile('front-proxy-ca.crt'),
    // An HPA follows load within seconds here; users of a big cluster wait longer for calm.
    'horizontal-pod-autoscaler-sync-period': '5s',
  })
}
