import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { Daemon } from '../cluster/daemon.ts'
import { step } from '../cluster/progress.ts'
import { waitUntil } from '../cluster/wait-until.ts'
import { adminKey } from './admin-key.ts'
import { CHECKOUT, DEV_FOLDER, port } from './places.ts'

const SERVERS = join(CHECKOUT, '.cache/servers')
const HOST = '127.0.0.1'
const THREE = [0, 1, 2]
const SIX = [0, 1, 2, 3, 4, 5]

/** Starts what dev/compose.yaml describes as processes of this machine, without Grafana. What runs already stays. */
export async function startLocalServers(): Promise<void> {
  mkdirSync(DEV_FOLDER, { recursive: true })
  await step('PostgreSQL', startPostgres)
  await step('etcd, three members', startEtcd)
  await step('a Redis cluster of three masters and three replicas', startRedis)
  await step('idgen', startIdgen)
  if (prometheusProgram() !== undefined) await step('Prometheus', startPrometheus)
}

/** Where `make servers` has built it. */
export function prometheusProgram(): string | undefined {
  const program = join(SERVERS, 'prometheus')
  return existsSync(program) ? program : undefined
}

async function startPostgres(): Promise<void> {
  const file = join(DEV_FOLDER, 'postgres-url')
  const daemon = new Daemon('postgres', DEV_FOLDER)
  if (!daemon.running) rmSync(file, { force: true })
  daemon.start(process.execPath, [join(import.meta.dirname, 'postgres-server.ts')], {
    IDGEN_DEV_DIR: DEV_FOLDER,
  })
  // The first start makes the data folder.
  await until(daemon, () => existsSync(file), 120_000)
}

export function postgresUrl(): string {
  return readFileSync(join(DEV_FOLDER, 'postgres-url'), 'utf8')
}

/** Members one, two, … of etcd: clients from ETCD_PORT on in steps of ten, peers one above. */
function etcdPort(index: number): number {
  return port('ETCD_PORT') + index * 10
}

export function etcdEndpoints(): string[] {
  return THREE.map((index) => `http://${HOST}:${etcdPort(index)}`)
}

async function startEtcd(): Promise<void> {
  const program = join(SERVERS, 'etcd')
  const peer = (index: number) => `http://${HOST}:${etcdPort(index) + 1}`
  const cluster = THREE.map((index) => `etcd-${index + 1}=${peer(index)}`).join(',')
  const daemons = THREE.map((index) => new Daemon(`etcd-${index + 1}`, DEV_FOLDER))
  for (const index of THREE) {
    const daemon = daemons[index]
    if (daemon === undefined || daemon.running) continue
    await refuseTaken('ETCD_PORT', etcdPort(index))
    daemon.start(program, [
      `--name=${daemon.name}`,
      `--data-dir=${join(DEV_FOLDER, daemon.name)}`,
      `--listen-peer-urls=${peer(index)}`,
      `--initial-advertise-peer-urls=${peer(index)}`,
      `--listen-client-urls=http://${HOST}:${etcdPort(index)}`,
      `--advertise-client-urls=http://${HOST}:${etcdPort(index)}`,
      `--initial-cluster=${cluster}`,
      '--initial-cluster-token=idgen-dev',
    ])
  }
  for (const [index, daemon] of daemons.entries())
    await until(daemon, () => answersOk(`http://${HOST}:${etcdPort(index)}/health`))
}

function redisPort(index: number): number {
  return port('REDIS_PORT') + index
}

export function redisEndpoints(): string[] {
  return SIX.map((index) => `redis://${HOST}:${redisPort(index)}`)
}

/** The bus of a node; Redis' own custom of + 10,000 would pass the highest port for some. */
const BUS_ABOVE = 10

async function startRedis(): Promise<void> {
  for (const index of SIX) {
    const daemon = new Daemon(`redis-${index + 1}`, DEV_FOLDER)
    if (daemon.running) continue
    await refuseTaken('REDIS_PORT', redisPort(index))
    const folder = join(DEV_FOLDER, daemon.name)
    mkdirSync(folder, { recursive: true })
    const options = {
      port: `${redisPort(index)}`,
      bind: HOST,
      dir: folder,
      appendonly: 'yes',
      'cluster-enabled': 'yes',
      'cluster-node-timeout': '2000',
      'cluster-port': `${redisPort(index) + BUS_ABOVE}`,
    }
    daemon.start(
      'redis-server',
      Object.entries(options).flatMap(([name, value]) => [`--${name}`, value]),
    )
  }
  const joined = spawnSync('sh', [join(CHECKOUT, 'dev/join-redis.sh')], {
    encoding: 'utf8',
    timeout: 120_000,
    env: { ...process.env, NODES: SIX.map((index) => `${HOST}:${redisPort(index)}`).join(' ') },
  })
  if (joined.status !== 0) throw new Error(`${joined.stdout}${joined.stderr}`.trim())
}

async function startIdgen(): Promise<void> {
  const daemon = new Daemon('idgen', DEV_FOLDER)
  if (!daemon.running)
    for (const name of ['HTTP_PORT', 'GRPC_PORT', 'RESP_PORT', 'METRICS_PORT'] as const)
      await refuseTaken(name, port(name))
  const env = {
    IDGEN_AUTH_ADMIN_KEY: adminKey(),
    IDGEN_DATABASE_URL: postgresUrl(),
    IDGEN_ETCD_ENDPOINTS: etcdEndpoints().join(','),
    IDGEN_REDIS_ENDPOINTS: redisEndpoints().slice(0, 3).join(','),
    IDGEN_REDIS_CLUSTER: 'true',
    IDGEN_DATA_DIR: join(DEV_FOLDER, 'idgen'),
    IDGEN_SERVER_OPEN_DOCUMENTS: 'true',
    IDGEN_SERVER_HTTP_HOST: HOST,
    IDGEN_SERVER_GRPC_HOST: HOST,
    IDGEN_SERVER_RESP_HOST: HOST,
    IDGEN_SERVER_METRICS_HOST: HOST,
    IDGEN_SERVER_HTTP_PORT: `${port('HTTP_PORT')}`,
    IDGEN_SERVER_GRPC_PORT: `${port('GRPC_PORT')}`,
    IDGEN_SERVER_RESP_ENABLED: 'true',
    IDGEN_SERVER_RESP_PORT: `${port('RESP_PORT')}`,
    IDGEN_SERVER_METRICS_PORT: `${port('METRICS_PORT')}`,
  }
  // Without the launcher, which installs: what is recorded must be the process that is stopped.
  daemon.start(process.execPath, [join(CHECKOUT, 'service/main.ts'), 'serve', '--quickstart'], env)
  await until(daemon, () => answersOk(`http://${HOST}:${port('METRICS_PORT')}/readyz`))
}

async function startPrometheus(): Promise<void> {
  const daemon = new Daemon('prometheus', DEV_FOLDER)
  const address = `${HOST}:${port('PROMETHEUS_PORT')}`
  if (!daemon.running) await refuseTaken('PROMETHEUS_PORT', port('PROMETHEUS_PORT'))
  const file = join(DEV_FOLDER, 'prometheus.yaml')
  const shipped = readFileSync(join(CHECKOUT, 'dev/prometheus.yaml'), 'utf8')
  writeFileSync(
    file,
    shipped
      .replace('idgen:9464', `${HOST}:${port('METRICS_PORT')}`)
      .replace('[idgen.yaml]', `[${JSON.stringify(join(CHECKOUT, 'alerts/idgen.yaml'))}]`),
  )
  daemon.start(prometheusProgram() ?? '', [
    `--config.file=${file}`,
    `--storage.tsdb.path=${join(DEV_FOLDER, 'prometheus')}`,
    '--storage.tsdb.retention.time=7d',
    `--web.listen-address=${address}`,
  ])
  await until(daemon, () => answersOk(`http://${address}/-/ready`))
}

/** Else the start would wait for a server that cannot listen, or find a stranger's well. */
async function refuseTaken(name: string, number: number): Promise<void> {
  const taken = await new Promise<boolean>((resolve) => {
    const socket = connect(number, HOST)
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
  if (taken)
    throw new Error(
      `port ${number} is taken by another program: end that, or choose with ${name}=… make dev-up`,
    )
}

async function answersOk(url: string): Promise<boolean> {
  const answer = await fetch(url, { signal: AbortSignal.timeout(2000) })
  await answer.arrayBuffer()
  return answer.ok
}

async function until(
  daemon: Daemon,
  holds: () => Promise<boolean> | boolean,
  limitMs = 60_000,
): Promise<void> {
  await waitUntil(holds, {
    what: `the start of ${daemon.name}`,
    limitMs,
    see: join(DEV_FOLDER, 'logs', `${daemon.name}.log`),
    hopeless: () => (daemon.running ? undefined : 'it has ended'),
  })
}
