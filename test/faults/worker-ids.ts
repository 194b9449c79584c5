import { workerTimeKey } from '../../service/core/coordination-keys.ts'
import type { ServiceProcess } from '../fixtures/service-process.ts'
import type { EtcdCluster } from '../integration/etcd-server.ts'

/**
 * Leaves only the worker ids below `count` of a data centre: the time of all others lies far ahead. A process that
 * needs one then has to take the id of one that is gone, which is the case that fences are for.
 */
export async function leaveWorkerIds(
  etcd: EtcdCluster | undefined,
  dc: number,
  count: number,
): Promise<void> {
  const endpoint = etcd?.endpoints[0] ?? ''
  for (let worker = count; worker < WORKERS; worker += 1) {
    const record = JSON.stringify({ untilMs: FAR_MS, nonce: '' })
    const response = await fetch(`${endpoint}/v3/kv/put`, {
      method: 'POST',
      body: JSON.stringify({ key: base64(`/idgen${workerTimeKey(dc, worker)}`), value: base64(record) }),
      signal: AbortSignal.timeout(5000),
    })
    if (!response.ok) throw new Error(`etcd put: HTTP ${response.status}`)
  }
}

/** undefined: it holds none. */
export async function workerIdOf({ metricsOrigin }: ServiceProcess): Promise<number | undefined> {
  const response = await fetch(`${metricsOrigin}/metrics`, { signal: AbortSignal.timeout(5000) })
  const [, value = '-1'] = /^idgen_worker_id\{slot="0"\} (-?\d+)$/m.exec(await response.text()) ?? []
  return Number(value) < 0 ? undefined : Number(value)
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64')
}

const WORKERS = 256
const FAR_MS = Number.MAX_SAFE_INTEGER
