import { SystemClock } from '../service/adapters/system/system-clock.ts'
import { LocalIssuer } from '../service/app/local-issuer.ts'
import { nodeList } from '../service/app/node-list.ts'
import { NO_TRACER, type Tracer } from '../service/ports/tracer.ts'
import { RespServer } from '../service/resp/server.ts'
import { keepCollectionsShort } from '../service/short-collections.ts'
import { memoryUseCases } from '../test/fixtures/memory-use-cases.ts'
import { tracerTo } from './bench-tracer.ts'
import { limitsAbove } from './limits-above.ts'

/** What the server under measurement tells the bench when it listens. */
export interface RespListening {
  readonly port: number
  readonly tag: string
  readonly key: string
}

/** The longest of redis-benchmark's own keys, `key:000000000042`, below demo/. */
export const RESP_TAGS = Array.from({ length: 100 }, (_, i) => `bench/key/${String(i).padStart(12, '0')}`)

const LIMITS = {
  maxConnections: 1000,
  idleTimeout: 300_000,
  stallTimeout: 30_000,
  maxArguments: 32,
  maxArgumentBytes: 512,
  wideIntegers: false,
}

/** Ours, whole, with authentication on; only the stores are in memory. */
export async function startRespIdgen(tracer: Tracer = NO_TRACER): Promise<RespListening> {
  keepCollectionsShort()
  const clock = new SystemClock()
  const { useCases, keyText } = await memoryUseCases({
    clock,
    environment: limitsAbove(1_000_000_000),
    outside: { tracer },
  })
  const actor = { actor: 'bench', traceId: undefined }
  await useCases.catalog.createWorkspace(actor, 'bench', '')
  await useCases.catalog.createGroup(actor, 'bench', 'key', '')
  for (const path of RESP_TAGS) {
    const [workspace = '', group = '', name = ''] = path.split('/')
    await useCases.catalog.createTag(
      actor,
      { workspace, group, name },
      { algorithm: 'segment', step: { base: 100_000 } },
    )
  }
  const server = new RespServer(new LocalIssuer(useCases, 'resp'), {
    clock,
    tracer,
    limits: LIMITS,
    version: '0.0.0-bench',
    listNodes: async (clientDc) => nodeList(useCases, clientDc),
    maxConnectionAgeMs: 0,
    onFault: (error) => {
      throw error
    },
  })
  return { port: await server.listen({ host: '127.0.0.1', port: 0 }), tag: RESP_TAGS[0] ?? '', key: keyText }
}

if (process.send !== undefined) {
  const [, , collector, ratio = ''] = process.argv
  const listening = await startRespIdgen(collector === undefined ? NO_TRACER : tracerTo(collector, ratio))
  process.on('message', () => {
    const { user, system } = process.cpuUsage()
    process.send?.({ cpuMicros: user + system })
  })
  process.send(listening)
}
