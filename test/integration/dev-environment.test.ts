import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { prometheusProgram } from '../../scripts/dev/local-servers.ts'
import { freePortRuns } from '../fixtures/free-ports.ts'
import { temporaryFolder } from '../fixtures/temporary-folder.ts'

const CHECKOUT = fileURLToPath(new URL('../..', import.meta.url))
/** Those of the members of a cluster, and of what they say among themselves. */
const CLUSTER_PORTS = 30
const COMPOSE_FILE = join(CHECKOUT, 'dev/compose.yaml')

interface ComposeService {
  readonly image: string
  readonly healthcheck?: { readonly test: readonly string[] }
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>
  readonly environment?: Readonly<Record<string, string>>
  readonly read_only?: boolean
  readonly tmpfs?: readonly string[]
}

/** As Docker would read it, by the Compose project's own library; throws with what it found wrong. */
function composeServices(): Readonly<Record<string, ComposeService>> {
  const program = join(CHECKOUT, '.cache/servers/compose-spec')
  const { status, stdout, stderr } = spawnSync(program, ['--format', 'json', COMPOSE_FILE], {
    encoding: 'utf8',
  })
  assert.equal(status, 0, stderr)
  return (JSON.parse(stdout) as { services: Record<string, ComposeService> }).services
}

describe('the development environment', () => {
  let folder: string
  let environment: NodeJS.ProcessEnv
  let ports: Readonly<Record<string, string>>

  before(async () => {
    folder = temporaryFolder('idgen-dev-')
    const [http, grpc, resp, metrics, etcd, redis, prometheus] = await freePortRuns(7, CLUSTER_PORTS)
    ports = {
      HTTP_PORT: `${http}`,
      GRPC_PORT: `${grpc}`,
      RESP_PORT: `${resp}`,
      METRICS_PORT: `${metrics}`,
      ETCD_PORT: `${etcd}`,
      REDIS_PORT: `${redis}`,
      PROMETHEUS_PORT: `${prometheus}`,
    }
    environment = { ...process.env, ...ports, IDGEN_DEV: 'processes', IDGEN_DEV_DIR: folder }
  })
  after(() => {
    run('down', ['--wipe'])
  })

  function run(command: 'up' | 'down', args: readonly string[] = []): string {
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      [join(CHECKOUT, `scripts/dev/${command}.ts`), ...args],
      { encoding: 'utf8', env: environment, timeout: 240_000 },
    )
    assert.equal(status, 0, `${stdout}${stderr}`)
    return stdout
  }

  /** What the line that dev-up prints to paste answers: the three numbers. */
  async function pasted(output: string): Promise<number[]> {
    const line = output.split('\n').find((text) => text.trim().startsWith('curl'))
    assert.ok(line !== undefined, output)
    for (let i = 0; i < 30; i += 1) {
      const stdout: string = spawnSync('sh', ['-c', line], { encoding: 'utf8' }).stdout
      const { ids, algorithm } = JSON.parse(stdout) as { ids: string[]; algorithm: string }
      assert.equal(ids.length, 3, stdout)
      if (algorithm === 'segment') return ids.map(Number)
      // On a machine under load the first range can take longer than its deadline; the tag comes back by itself.
      await delay(1000)
    }
    throw new Error('the tag has not come back to segment within 30 s')
  }

  it('has in containers what R-1.0.1 asks for, each with a health check', () => {
    const services = composeServices()
    const named = (pattern: RegExp) => Object.keys(services).filter((name) => pattern.test(name))
    assert.match(services['postgres']?.image ?? '', /:16\b/)
    assert.deepEqual([named(/^redis-\d$/).length, named(/^etcd-\d$/).length], [6, 3])
    assert.ok(named(/^(prometheus|grafana|idgen)$/).length === 3)
    const without = Object.entries(services).filter(([, { healthcheck }]) => healthcheck === undefined)
    // It runs once; idgen waits for its end.
    assert.deepEqual(
      without.map(([name]) => name),
      ['redis-cluster'],
    )
    assert.equal(
      services['idgen']?.depends_on?.['redis-cluster']?.condition,
      'service_completed_successfully',
    )
  })

  it('has a container of idgen that writes nowhere but into memory, where the demo key is lost', () => {
    const { environment: given, read_only: isReadOnly, tmpfs } = composeServices()['idgen'] ?? {}
    assert.deepEqual([isReadOnly, tmpfs], [true, ['/tmp']])
    assert.match(given?.['IDGEN_DATA_DIR'] ?? '', /^\/tmp\//)
  })

  it('starts without containers, answers what it prints, and goes on above it after a stop', async () => {
    const [first = 0] = await pasted(run('up'))
    assert.ok(first > 0 && first < 1000, `${first}`)
    const [second = 0] = await pasted(run('up'))
    assert.ok(second > first + 2 && second < 1000, `a second start leaves all as it is: ${second}`)
    const demoKey = await readFile(join(folder, 'idgen/quickstart-key'), 'utf8')
    run('down')
    const [third = 0] = await pasted(run('up'))
    assert.ok(third > second + 2, `${third}`)
    assert.equal(await readFile(join(folder, 'idgen/quickstart-key'), 'utf8'), demoKey, 'a stop leaves it')
  })

  it('passes the health checks of the containers', async (t) => {
    for (const [name, { healthcheck }] of Object.entries(composeServices())) {
      if (healthcheck === undefined) continue
      if (name === 'grafana') {
        t.diagnostic('grafana is left out: the registries have no program of it')
        continue
      }
      if (name === 'prometheus' && prometheusProgram() === undefined) {
        t.diagnostic('prometheus is left out: `scripts/install-servers.sh watch` builds it')
        continue
      }
      const command = await localCommand(name, healthcheck.test)
      const { status, stdout, stderr, error } = spawnSync('sh', ['-c', command], { encoding: 'utf8' })
      assert.equal(status, 0, `${name}: ${command}: ${stdout}${stderr}${error?.message ?? ''}`)
    }
  })

  /** The same question to the process here: containers listen on the usual port of their own address. */
  async function localCommand(name: string, [kind, ...words]: readonly string[]): Promise<string> {
    const text = kind === 'CMD-SHELL' ? words.join(' ') : words.map((word) => `"${word}"`).join(' ')
    const index = Number(name.slice(-1)) - 1
    if (name === 'postgres') {
      const { hostname, port } = new URL(await readFile(join(folder, 'postgres-url'), 'utf8'))
      return `${text.replace('127.0.0.1', hostname)} --port=${port}`
    }
    if (name.startsWith('redis'))
      return text.replace('redis-cli', `redis-cli -p ${Number(ports['REDIS_PORT']) + index}`)
    if (name.startsWith('etcd'))
      return text
        .replace('"etcdctl"', join(CHECKOUT, '.cache/servers/etcdctl'))
        .replace('2379', `${Number(ports['ETCD_PORT']) + index * 10}`)
    if (name === 'prometheus') return text.replace('9090', ports['PROMETHEUS_PORT'] ?? '')
    assert.equal(name, 'idgen', 'a health check that this test does not know')
    return text.replace('9464', ports['METRICS_PORT'] ?? '').replace('"node"', process.execPath)
  }

  it('refuses a port that is taken, with the way out', async () => {
    run('down')
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(Number(ports['HTTP_PORT']), '127.0.0.1', resolve))
    try {
      const { status, stdout } = spawnSync(process.execPath, [join(CHECKOUT, 'scripts/dev/up.ts')], {
        encoding: 'utf8',
        env: environment,
      })
      assert.equal(status, 1)
      assert.match(stdout, /port \d+ is taken by another program: end that, or choose with HTTP_PORT=/)
    } finally {
      server.close()
    }
  })
})
