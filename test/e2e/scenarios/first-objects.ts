import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { LOCAL_IMAGES } from '../../../scripts/cluster/cluster.ts'
import { installOperator } from '../../../scripts/cluster/install-idgen.ts'
import { kubectl } from '../../../scripts/cluster/kubectl.ts'
import { KUBECONFIG_FILE } from '../../../scripts/cluster/layout.ts'
import { clientProgram } from '../../../scripts/cluster/programs.ts'
import { runCommand } from '../../../scripts/cluster/run-command.ts'
import { temporaryFolder } from '../../fixtures/temporary-folder.ts'
import { OPERATOR_NAMESPACE } from '../evidence.ts'
import { type KubeApi, SERVICE, type Service } from '../kube-api.ts'
import { apply } from '../manifests.ts'
import type { Stage } from '../stage.ts'

/** As docs/kubernetes.md and the chart's README say: values for a first IdGenerator with a tag. */
const VALUES = {
  generator: {
    enabled: true,
    name: 'first',
    spec: { image: LOCAL_IMAGES.idgen, replicas: 1, database: { secret: { name: 'first-database' } } },
  },
  bizTags: [{ name: 'receipt', spec: { workspace: 'shop', group: 'first', tag: 'receipt' } }],
}

/**
 * The release makes an IdGenerator and a tag with it, and `helm test` asks both. They stay when they are taken out of the
 * values, as the chart's README says, and go when they are deleted.
 */
export async function firstObjects({ api, digest }: Stage): Promise<void> {
  await makeDatabase(api, 'first')
  await apply({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'first-database', namespace: OPERATOR_NAMESPACE },
    stringData: { url: 'postgres://idgen:for-trying-out@postgres.stores:5432/first' },
  })
  const folder = temporaryFolder('idgen-e2e-')
  const values = join(folder, 'values.json')
  writeFileSync(values, JSON.stringify(VALUES))
  await installOperator(LOCAL_IMAGES, digest, [`--values=${values}`])
  const args = ['test', 'idgen', `--namespace=${OPERATOR_NAMESPACE}`, '--logs', '--timeout=4m']
  const told = await runCommand(clientProgram('helm'), args, {
    limitMs: 250_000,
    env: { KUBECONFIG: KUBECONFIG_FILE },
  })
  assert.match(told, /Phase: +Succeeded/)
  await installOperator(LOCAL_IMAGES, digest)
  const inIt = `--namespace=${OPERATOR_NAMESPACE}`
  const left = await kubectl(['get', 'idg,bt', inIt, '--output=name'])
  assert.deepEqual(left.trim().split('\n'), ['idgenerator.idgen.io/first', 'biztag.idgen.io/receipt'])
  for (const made of ['biztag/receipt', 'idgenerator/first'])
    await kubectl(['delete', made, inIt, '--timeout=120s'])
}

/** From this machine, which reaches every Service. */
async function makeDatabase(api: KubeApi, name: string): Promise<void> {
  const service = await api.get<Service>(SERVICE, 'stores/postgres')
  assert.ok(service)
  const client = new pg.Client({
    connectionString: `postgres://idgen:for-trying-out@${service.spec.clusterIP}:5432/postgres`,
    connectionTimeoutMillis: 5000,
  })
  await client.connect()
  try {
    const { rowCount } = await client.query('SELECT FROM pg_database WHERE datname = $1', [name])
    if (rowCount === 0) await client.query(`CREATE DATABASE ${client.escapeIdentifier(name)}`)
  } finally {
    await client.end()
  }
}
