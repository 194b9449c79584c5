import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { BRIDGE, FOLDER, NODE_ADDRESS, POD_RANGE, SERVICE_RANGE } from './layout.ts'
import { runCommand } from './run-command.ts'

const CNI_FOLDER = join(FOLDER, 'cni')
export const CNI_CONFIGS = join(CNI_FOLDER, 'net.d')

/** The bridge exists before the first pod: kube-apiserver and kubelet listen on its address. */
export async function layNetwork(): Promise<void> {
  if (!existsSync(`/sys/class/net/${BRIDGE}`))
    await runCommand('ip', ['link', 'add', BRIDGE, 'type', 'bridge'])
  await runCommand('ip', ['address', 'replace', `${NODE_ADDRESS}/24`, 'dev', BRIDGE])
  await runCommand('ip', ['link', 'set', BRIDGE, 'up'])
  // To Services that kube-proxy does not know (yet): to the bridge, where nobody answers, never out of the machine.
  await runCommand('ip', ['route', 'replace', SERVICE_RANGE, 'dev', BRIDGE])
  await runCommand('modprobe', ['br_netfilter']).catch(() => '')
  for (const setting of KERNEL_SETTINGS) switchOn(setting)
  for (const rule of RULES) await ensureRule(rule)
  writeCniConfig()
}

export async function removeNetwork(): Promise<void> {
  for (const rule of RULES) await runCommand('iptables', ['-w', '-D', ...rule]).catch(() => '')
  if (existsSync(`/sys/class/net/${BRIDGE}`)) await runCommand('ip', ['link', 'delete', BRIDGE])
  for (const setting of KERNEL_SETTINGS)
    if (existsSync(rememberedFile(setting))) writeFileSync(setting, readFileSync(rememberedFile(setting)))
}

/**
 * Packets go from pod to pod, and pass kube-proxy's rules also within the bridge: else a pod that asks a Service gets
 * the answer from an address it did not ask.
 */
const KERNEL_SETTINGS = ['/proc/sys/net/ipv4/ip_forward', '/proc/sys/net/bridge/bridge-nf-call-iptables']

/** Remembers what it was, for the end. */
function switchOn(setting: string): void {
  const before = readFileSync(setting, 'utf8')
  if (before.trim() === '1') return
  mkdirSync(FOLDER, { recursive: true })
  writeFileSync(rememberedFile(setting), before)
  writeFileSync(setting, '1')
}

function rememberedFile(setting: string): string {
  return join(FOLDER, `before-${basename(setting)}`)
}

/**
 * Pods talk among themselves and with the machine; nothing goes out or comes in from elsewhere. The accepting rule is
 * for machines that drop what they forward by default, as Docker makes them.
 */
const RULES = [
  ['FORWARD', '-i', BRIDGE, '-o', BRIDGE, '-m', 'comment', '--comment', 'idgen-cluster', '-j', 'ACCEPT'],
  ['FORWARD', '-i', BRIDGE, '!', '-o', BRIDGE, '-m', 'comment', '--comment', 'idgen-cluster', '-j', 'REJECT'],
  ['FORWARD', '-o', BRIDGE, '!', '-i', BRIDGE, '-m', 'comment', '--comment', 'idgen-cluster', '-j', 'REJECT'],
] as const

async function ensureRule(rule: readonly string[]): Promise<void> {
  await runCommand('iptables', ['-w', '-C', ...rule]).catch(() =>
    runCommand('iptables', ['-w', '-A', ...rule]),
  )
}

function writeCniConfig(): void {
  mkdirSync(CNI_CONFIGS, { recursive: true })
  const bridge = {
    type: 'bridge',
    bridge: BRIDGE,
    isGateway: true,
    // A pod may ask itself through its Service.
    hairpinMode: true,
    ipam: {
      type: 'host-local',
      dataDir: join(CNI_FOLDER, 'addresses'),
      ranges: [
        [{ subnet: POD_RANGE, rangeStart: POD_RANGE.replace(/\.0\/.*/, '.10'), gateway: NODE_ADDRESS }],
      ],
      routes: [{ dst: '0.0.0.0/0' }],
    },
  }
  const plugins = [bridge, { type: 'portmap', capabilities: { portMappings: true } }]
  const config = { cniVersion: '1.0.0', name: 'idgen', plugins }
  writeFileSync(join(CNI_CONFIGS, '10-idgen.conflist'), JSON.stringify(config, undefined, 2))
}
