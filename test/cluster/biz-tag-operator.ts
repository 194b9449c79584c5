import { SystemClock } from '../../operator/runtime/clock.ts'
import { HttpKubeClient } from '../../operator/runtime/http-kube-client.ts'
import { loadConnection } from '../../operator/runtime/kubeconfig.ts'
import { runBizTags } from './biz-tag-run.ts'

/** A process that runs the BizTag controller alone, so that its memory can be told from that of a test. */
const connection = await loadConnection(process.env, new SystemClock())
const client = new HttpKubeClient(connection, 'idgen-test')
const say = (fields: object, text: string): void =>
  void process.stdout.write(`${text} ${JSON.stringify(fields)}\n`)
const log = { debug() {}, info() {}, warn: say, error: say }
await runBizTags(client, process.env['SERVICE_ADDRESS'] ?? '', log)
process.stdout.write('leads\n')
// Its timers keep nothing alive.
setInterval(() => {}, 60_000)
