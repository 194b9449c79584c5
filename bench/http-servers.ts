import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { SystemClock } from '../service/adapters/system/system-clock.ts'
import { createHttpServer } from '../service/http/server.ts'
import { memoryUseCases } from '../test/fixtures/memory-use-cases.ts'
import { limitsAbove } from './limits-above.ts'

/** What a server under measurement tells the bench when it listens. */
export interface Listening {
  readonly port: number
  readonly tag: string
  readonly key: string
}

const TAG = 'bench/http/single'

/** The floor: Node's own server with an answer of the same size and nothing else. */
async function startBare(): Promise<Listening> {
  const body = '{"ids":["1234567"],"algorithm":"segment","degraded":false}'
  const headers = { 'content-type': 'application/json; charset=utf-8', 'content-length': body.length }
  const server = createServer((_request, response) => {
    response.writeHead(200, headers)
    response.end(body)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { port: (server.address() as AddressInfo).port, tag: TAG, key: 'none' }
}

/** Ours, whole, with authentication on; only the stores are in memory. */
async function startIdgen(): Promise<Listening> {
  const { useCases, keyText } = await memoryUseCases({
    clock: new SystemClock(),
    environment: limitsAbove(10_000_000),
  })
  const actor = { actor: 'bench', traceId: undefined }
  await useCases.catalog.createWorkspace(actor, 'bench', '')
  await useCases.catalog.createGroup(actor, 'bench', 'http', '')
  const ref = { workspace: 'bench', group: 'http', name: 'single' }
  await useCases.catalog.createTag(actor, ref, { algorithm: 'segment', step: { base: 100_000 } })
  const app = await createHttpServer(useCases, { bodyLimit: 65_536, version: '0.0.0-bench' })
  await app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = app.server.address() as AddressInfo
  return { port, tag: TAG, key: keyText }
}

if (process.send !== undefined) {
  const listening = await (process.argv[2] === 'bare' ? startBare() : startIdgen())
  process.on('message', () => {
    const { user, system } = process.cpuUsage()
    process.send?.({ cpuMicros: user + system })
  })
  process.send(listening)
}
