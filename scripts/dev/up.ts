import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { say, step } from '../cluster/progress.ts'
import { waitUntil } from '../cluster/wait-until.ts'
import { adminKeyFile } from './admin-key.ts'
import { compose, whyNoContainers } from './containers.ts'
import { prometheusProgram, startLocalServers } from './local-servers.ts'
import { CHECKOUT, port } from './places.ts'

/** `make dev-up`: the whole development environment, in containers or, without them, as processes. Says where it is. */
async function up(): Promise<void> {
  const why = whyNoContainers()
  if (why === undefined) await startContainers()
  else {
    say(`without containers (${why}): the same servers as processes of this machine`)
    installServers()
    await startLocalServers()
  }
  for (const line of whereabouts(why === undefined)) console.log(line)
}

/** What containers bring with them. Nothing is done for what is there. */
function installServers(): void {
  const install = (...what: string[]): boolean =>
    spawnSync(join(CHECKOUT, 'scripts/install-servers.sh'), what, { stdio: 'inherit' }).status === 0
  if (!install()) throw new Error('etcd and redis-server are needed where there is no Docker: see above')
  if (!install('watch')) say('Prometheus could not be built (see above): it is left out')
}

async function startContainers(): Promise<void> {
  say('docker compose up; the first time builds the image of idgen and loads the others (minutes)')
  // Each waits for those it needs to be healthy, so that this ends when all but Grafana are.
  if (compose(['up', '--detach', '--build']) !== 0)
    throw new Error('docker compose failed: see above, and `make dev-logs`')
  const health = `http://127.0.0.1:${port('GRAFANA_PORT')}/api/health`
  await step('Grafana', () =>
    waitUntil(async () => (await fetch(health)).ok, {
      what: 'the start of Grafana',
      limitMs: 120_000,
      see: '`make dev-logs`',
    }),
  )
}

function whereabouts(containers: boolean): string[] {
  const at = (name: Parameters<typeof port>[0]) => `http://localhost:${port(name)}`
  const prometheus = containers || prometheusProgram() !== undefined
  return [
    '',
    'idgen is ready. Three IDs:',
    '',
    `  curl -s ${at('HTTP_PORT')}/v1/workspaces/demo/groups/shop/tags/orders/ids -H "Authorization: Bearer $(cat ${adminKeyFile()})" -H 'Content-Type: application/json' -d '{"count":3}'`,
    '',
    `  admin UI     ${at('HTTP_PORT')}/ui, with the key of ${adminKeyFile()}`,
    `  all calls    ${at('HTTP_PORT')}/docs`,
    `  gRPC, Redis  localhost:${port('GRPC_PORT')}, localhost:${port('RESP_PORT')}`,
    `  metrics      ${at('METRICS_PORT')}/metrics`,
    prometheus
      ? `  Prometheus   ${at('PROMETHEUS_PORT')}`
      : '  Prometheus   could not be built here: see above',
    containers ? `  Grafana      ${at('GRAFANA_PORT')}` : '  Grafana      needs containers',
    '',
    'make dev-logs follows the logs, make dev-down stops all and keeps the data (WIPE=yes deletes it).',
  ]
}

try {
  await up()
} catch (thrown) {
  say(thrown instanceof Error ? thrown.message : String(thrown))
  process.exitCode = 1
}
