import { execFile } from 'node:child_process'
import { chownSync, rmSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { promisify } from 'node:util'
import { rolledOut } from '../../../scripts/cluster/apply-manifest.ts'
import { kubectl } from '../../../scripts/cluster/kubectl.ts'
import { FOLDER } from '../../../scripts/cluster/layout.ts'
import { STORE_USER } from '../../../scripts/cluster/store-images.ts'
import { etcdPrograms } from '../../integration/etcd-programs.ts'
import { saveSnapshot } from '../../integration/etcd-server.ts'
import { askIds } from '../ask-ids.ts'
import { POD, SERVICE, type Service } from '../kube-api.ts'
import { measured } from '../measured.ts'
import { probeTarget } from '../probe-target.ts'
import type { Stage } from '../stage.ts'
import { seconds, until } from '../waiting.ts'

const SNAPSHOT = join(FOLDER, 'etcd-snapshot')
const DATA = join(FOLDER, 'volumes/etcd/etcd')

/** The etcd of idgen is put back to where it was a while ago; nobody is refused, and no number comes again. */
export async function etcdRestored(stage: Stage): Promise<void> {
  const { api, issued } = stage
  const service = await api.get<Service>(SERVICE, 'stores/etcd')
  await saveSnapshot(`http://${service?.spec.clusterIP ?? ''}:2379`, SNAPSHOT)
  await pause(AGE_MS)
  await stage.unnoticed(async () => {
    await kubectl(['scale', 'statefulset/etcd', '--replicas=0', '--namespace=stores'])
    await until('etcd stopped', 60, async () => (await api.get(POD, 'stores/etcd-0')) === undefined)
    rmSync(DATA, { recursive: true, force: true })
    const options = ['--name=idgen', `--data-dir=${DATA}`, '--initial-cluster=idgen=http://127.0.0.1:2380']
    const peer = '--initial-advertise-peer-urls=http://127.0.0.1:2380'
    await promisify(execFile)(etcdPrograms().etcdutl, ['snapshot', 'restore', SNAPSHOT, ...options, peer])
    await giveToStore(DATA)
    await kubectl(['scale', 'statefulset/etcd', '--replicas=1', '--namespace=stores'])
    await rolledOut('stores', ['statefulset/etcd'])
    const tookMs = await snowflakesAgain(stage)
    measured('etcd ready again, restored, until every pod gives snowflakes', seconds(tookMs))
    await stage.settled()
  })
  issued.verify()
}

async function giveToStore(folder: string): Promise<void> {
  chownSync(folder, STORE_USER, STORE_USER)
  for (const path of await readdir(folder, { recursive: true }))
    chownSync(join(folder, path), STORE_USER, STORE_USER)
}

async function snowflakesAgain({ api, issued }: Stage): Promise<number> {
  const { key } = await probeTarget(api)
  const tag = 'shop/orders/event'
  return await until('snowflakes on every pod', 120, async () => {
    const pods = await api.pods()
    const answers = await Promise.all(
      pods.map(({ status }) => askIds({ origin: `http://${status.podIP}:8080`, tag, key, agent: false })),
    )
    for (const { ids } of answers) for (const id of ids) issued.text(tag, id, 'after the restore')
    return answers.every(({ algorithm }) => algorithm === 'snowflake')
  })
}

/** Longer than a renewal of time, so that some was granted that the snapshot does not know. */
const AGE_MS = 12_000
