import { homedir } from 'node:os'
import { join } from 'node:path'

/** What scripts/install-kubernetes.sh names the same: outside the checkout, so that worktrees share it. */
export const CACHE_FOLDER =
  process.env['IDGEN_CACHE_DIR'] ?? join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'idgen')

/** All that the cluster writes. One cluster a machine: interfaces, iptables and cgroups are the machine's. */
export const FOLDER = join(CACHE_FOLDER, 'cluster')

export const KUBECONFIG_FILE = join(FOLDER, 'kubeconfig')

export const CHECKOUT = join(import.meta.dirname, '../..')

export const NODE_NAME = 'node1'

/** The bridge of the pods; its address is the node's. Nothing listens on an address that others reach. */
export const BRIDGE = 'idgen0'
export const NODE_ADDRESS = '10.244.0.1'
export const POD_RANGE = '10.244.0.0/24'
export const SERVICE_RANGE = '10.96.0.0/24'
/** The first of the range is the API's own Service, the tenth by custom the name server. */
export const API_SERVICE_ADDRESS = '10.96.0.1'
export const DNS_ADDRESS = '10.96.0.10'

export const API_PORT = 6443
export const ETCD_PORT = 12379
export const API_URL = `https://${NODE_ADDRESS}:${API_PORT}`

/** Beside the containerd that Docker may have on this machine. */
export const CONTAINERD_SOCKET = join(FOLDER, 'run/containerd.sock')

export function logFile(name: string): string {
  return join(FOLDER, 'logs', `${name}.log`)
}

export function configFile(name: string): string {
  return join(FOLDER, 'config', name)
}
