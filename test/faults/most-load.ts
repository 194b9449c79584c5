import { IdCalls, PROTOCOLS } from '../fixtures/id-calls.ts'
import type { IssuedIds } from '../fixtures/issued-ids.ts'
import { issuerOf, recordAnswer } from '../fixtures/load-client.ts'
import { PACED_BATCH } from '../fixtures/paced-load.ts'
import type { ServiceProcess } from '../fixtures/service-process.ts'
import { ADMIN_KEY } from './installation.ts'
import { NUMERIC_TAGS, TAGS } from './scenario.ts'

/** Requests a second that these services answer this client at most: callers who ask again at once, for a while. */
export async function mostRequestsPerSecond(
  services: readonly ServiceProcess[],
  issued: IssuedIds,
): Promise<number> {
  const calls = new IdCalls(ADMIN_KEY, 6000, (tag) => NUMERIC_TAGS.some((numeric) => numeric === tag))
  const tags = Object.keys(TAGS)
  const startMs = performance.now()
  let turn = 0
  const keepAsking = async (): Promise<void> => {
    while (performance.now() < startMs + MEASURE_MS) {
      const own = turn++
      const service = services[own % services.length]
      const protocol = PROTOCOLS[own % PROTOCOLS.length] ?? 'http'
      const tag = tags[Math.floor(own / PROTOCOLS.length) % tags.length] ?? ''
      if (service === undefined) throw new Error('no service')
      const answer = await calls.ask(service, protocol, tag, PACED_BATCH)
      recordAnswer(issued, tag, answer, protocol, issuerOf(service))
    }
  }
  await Promise.all(Array.from({ length: CALLERS }, keepAsking))
  calls.close()
  return (turn * 1000) / (performance.now() - startMs)
}

const MEASURE_MS = 4000
/** Enough that none of the services waits for the client. */
const CALLERS = 24
