import { setTimeout } from 'node:timers/promises'
import type { ServiceProcess } from '../fixtures/service-process.ts'
import { ids } from './embedded-service.ts'

/**
 * Somebody asks for IDs of w/g/orders, now more and now less, until the returned function is called; first for as long as the charts of
 * the overview go back. For pictures alone: a chart of nothing shows nothing.
 */
export async function inUse(service: ServiceProcess): Promise<() => Promise<void>> {
  let isOver = false
  const asking = (async () => {
    for (let at = 0; !isOver; at += 1) {
      await ids(service, 'orders', Math.round(20 + 15 * Math.sin(at / 300)))
      await setTimeout(20)
    }
  })()
  await setTimeout(CHART_MS)
  return async () => {
    isOver = true
    await asking
  }
}

/** What the overview shows, and a little more than that. */
const CHART_MS = 310_000
