import { execFile } from 'node:child_process'
import { createWriteStream } from 'node:fs'
import { mkdtemp, readdir, readFile, realpath, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { promisify } from 'node:util'
import { processAlive } from '../../service/adapters/embedded/process-alive.ts'
import { freePorts } from '../fixtures/free-ports.ts'
import { removeFolder, removeFolderAtOnce } from '../fixtures/temporary-folder.ts'
import { CLUSTER_TOKEN, EtcdMember } from './etcd-member.ts'
import { type EtcdPrograms, etcdPrograms } from './etcd-programs.ts'

export interface EtcdOptions {
  /** Default 1. */
  readonly members?: 1 | 3
  /** Default true: nothing is flushed to the disk; a killed process loses nothing by it, only a machine would. */
  readonly unsafeNoFsync?: boolean
}

/**
 * A real etcd of its own, ready, on free ports and in a temporary folder. Close it; if the test process ends without,
 * its processes end with it, at the latest when the next one starts.
 */
export async function testEtcd(options: EtcdOptions = {}): Promise<EtcdCluster> {
  const programs = etcdPrograms()
  const parent = await realpath(tmpdir())
  await removeLeftovers(parent)
  const folder = await mkdtemp(join(parent, `${PREFIX}${process.pid}-`))
  const cluster = new EtcdCluster(programs, folder, await layOut(programs, folder, options))
  endWithProcess(cluster)
  for (const member of cluster.members) member.start()
  try {
    await cluster.ready()
  } catch (thrown) {
    await cluster.close()
    throw thrown
  }
  return cluster
}

async function layOut(programs: EtcdPrograms, folder: string, options: EtcdOptions): Promise<EtcdMember[]> {
  const count = options.members ?? 1
  const ports = await freePorts(count * 2)
  const peers = ports.slice(count)
  const cluster = peers.map((port, i) => `m${i}=http://127.0.0.1:${port}`).join(',')
  return peers.map(
    (peerPort, i) =>
      new EtcdMember({
        program: programs.etcd,
        name: `m${i}`,
        folder: join(folder, `m${i}`),
        clientPort: ports[i] ?? 0,
        peerPort,
        cluster,
        unsafeNoFsync: options.unsafeNoFsync ?? true,
      }),
  )
}

export class EtcdCluster {
  readonly members: readonly EtcdMember[]
  readonly #programs: EtcdPrograms
  readonly #folder: string
  #closed = false

  constructor(programs: EtcdPrograms, folder: string, members: readonly EtcdMember[]) {
    this.#programs = programs
    this.#folder = folder
    this.members = members
  }

  get endpoints(): readonly string[] {
    return this.members.map(({ endpoint }) => endpoint)
  }

  /** Waits until every running member serves linearizable reads. */
  async ready(limitMs = READY_MAX_MS): Promise<void> {
    const endMs = performance.now() + limitMs
    for (const member of this.members)
      while (member.running && !(await healthy(member.endpoint))) {
        if (performance.now() > endMs)
          throw new Error(`etcd ${member.name} is not ready after ${limitMs} ms:\n${member.lastWords()}`)
        await pause(50)
      }
    if (this.members.every(({ running }) => !running))
      throw new Error(`no etcd runs:\n${this.members.map((member) => member.lastWords()).join('\n')}`)
  }

  /** The member that leads now. */
  async leader(): Promise<EtcdMember> {
    const { leader } = await this.#ask<{ leader: string }>('maintenance/status', {})
    for (const member of this.members) {
      if (!member.running) continue
      const status = await ask<{ header: { member_id: string } }>(member.endpoint, 'maintenance/status', {})
      if (status.header.member_id === leader) return member
    }
    throw new Error(`no member has the id of the leader, ${leader}`)
  }

  /** Forgets all changes before the newest revision: a watch from before cannot be resumed. */
  async compact(): Promise<number> {
    const { header } = await this.#ask<{ header: { revision: string } }>('maintenance/status', {})
    await this.#ask('kv/compaction', { revision: header.revision, physical: true })
    return Number(header.revision)
  }

  /** Every call needs this user from now on. */
  async requirePassword(name: 'root', password: string): Promise<void> {
    await this.#ask('auth/user/add', { name, password })
    await this.#ask('auth/user/grant', { user: name, role: 'root' })
    await this.#ask('auth/enable', {})
  }

  /** A backup, as `etcdctl snapshot save` makes it. */
  async snapshot(file: string): Promise<void> {
    const [endpoint = ''] = this.#running()
    await saveSnapshot(endpoint, file)
  }

  /**
   * Replaces everything by the backup, on the same ports, and waits until it serves. `bumpRevision`: revisions go on a
   * thousand million higher and all earlier ones count as compacted, as etcd's documents advise; else they repeat.
   */
  async restore(file: string, { bumpRevision = false } = {}): Promise<void> {
    for (const member of this.members) await member.kill()
    const cluster = this.members.map(({ name, peerUrl }) => `${name}=${peerUrl}`).join(',')
    for (const { name, peerUrl, dataFolder } of this.members) {
      await rm(dataFolder, { recursive: true, force: true })
      const flags = [
        `--name=${name}`,
        `--data-dir=${dataFolder}`,
        `--initial-advertise-peer-urls=${peerUrl}`,
        `--initial-cluster=${cluster}`,
        `--initial-cluster-token=${CLUSTER_TOKEN}`,
        ...(bumpRevision ? ['--bump-revision=1000000000', '--mark-compacted'] : []),
      ]
      await promisify(execFile)(this.#programs.etcdutl, ['snapshot', 'restore', file, ...flags])
    }
    for (const member of this.members) member.start()
    await this.ready()
  }

  async close(): Promise<void> {
    this.#closed = true
    await Promise.all(this.members.map((member) => member.kill()))
    await removeFolder(this.#folder)
  }

  /** In an exit handler, where nothing may be awaited. */
  endAtOnce(): void {
    if (this.#closed) return
    for (const { pid } of this.members) {
      if (pid !== undefined) endProcess(pid)
    }
    const pauseCell = new Int32Array(new SharedArrayBuffer(4))
    for (const { pid } of this.members)
      for (let i = 0; i < 50 && pid !== undefined && processAlive(pid); i += 1)
        Atomics.wait(pauseCell, 0, 0, 20)
    removeFolderAtOnce(this.#folder)
  }

  #running(): string[] {
    return this.members.filter(({ running }) => running).map(({ endpoint }) => endpoint)
  }

  async #ask<T>(method: string, body: object): Promise<T> {
    const [endpoint] = this.#running()
    if (endpoint === undefined) throw new Error('no etcd runs')
    return await ask<T>(endpoint, method, body)
  }
}

/** etcd's own JSON gateway, so that the fixture needs nothing of the client under test. */
async function ask<T>(endpoint: string, method: string, body: object): Promise<T> {
  const response = await fetch(`${endpoint}/v3/${method}`, {
    method: 'POST',
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(ASK_MAX_MS),
  })
  const text = await response.text()
  if (!response.ok) throw new Error(`${method}: HTTP ${response.status} ${text}`)
  return JSON.parse(text) as T
}

/** Of the member at `endpoint`, wherever it runs. */
export async function saveSnapshot(endpoint: string, file: string): Promise<void> {
  const response = await fetch(`${endpoint}/v3/maintenance/snapshot`, { method: 'POST', body: '{}' })
  if (!response.ok || response.body === null) throw new Error(`snapshot: HTTP ${response.status}`)
  const lines = createInterface({ input: Readable.fromWeb(response.body) })
  await pipeline(blobs(lines), createWriteStream(file))
}

async function* blobs(lines: AsyncIterable<string>): AsyncGenerator<Buffer> {
  for await (const line of lines) {
    if (line === '') continue
    const { result, error } = JSON.parse(line) as { result?: { blob: string }; error?: object }
    if (result === undefined) throw new Error(`snapshot: ${JSON.stringify(error)}`)
    yield Buffer.from(result.blob, 'base64')
  }
}

async function healthy(endpoint: string): Promise<boolean> {
  try {
    const response = await fetch(`${endpoint}/health`, { signal: AbortSignal.timeout(ASK_MAX_MS) })
    return response.ok && (await response.text()).includes('"true"')
  } catch {
    return false
  }
}

let ending: Set<EtcdCluster> | undefined

/** For a run that ends without closing: a crash, process.exit, Ctrl-C, the runner's time limit. */
function endWithProcess(cluster: EtcdCluster): void {
  if (ending === undefined) {
    const all = new Set<EtcdCluster>()
    process.once('exit', () => {
      for (const one of all) one.endAtOnce()
    })
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))
    ending = all
  }
  ending.add(cluster)
}

/** What test processes left behind that were killed outright. */
async function removeLeftovers(parent: string): Promise<void> {
  for (const name of await readdir(parent)) {
    const owner = name.startsWith(PREFIX) ? Number(name.slice(PREFIX.length).split('-')[0]) : Number.NaN
    if (!Number.isInteger(owner) || processAlive(owner)) continue
    const folder = join(parent, name)
    for (const member of await readdir(folder).catch(() => [])) await endLeftover(folder, member)
    await removeFolder(folder)
  }
}

/** Only a process that still is what it was: its number may belong to another one by now. */
async function endLeftover(folder: string, member: string): Promise<void> {
  const pid = Number(await readFile(join(folder, member, 'pid'), 'utf8').catch(() => ''))
  if (!Number.isInteger(pid) || pid <= 1) return
  const { stdout } = await promisify(execFile)('ps', ['-o', 'args=', '-p', String(pid)]).catch(() => ({
    stdout: '',
  }))
  if (stdout.includes(folder)) endProcess(pid)
}

function endProcess(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It is gone already.
  }
}

async function pause(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms))
}

const PREFIX = 'idgen-test-etcd-'
/** An election takes one to two seconds; the machine may be busy with other tests. */
const READY_MAX_MS = 30_000
const ASK_MAX_MS = 2000
