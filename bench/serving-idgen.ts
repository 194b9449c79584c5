import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ServiceProcess, startService } from '../test/fixtures/service-process.ts'
import { limitsAbove } from './limits-above.ts'

/** `idgen serve` as users run it, on its embedded database, with segment tags: bench/load/t0 … */
export interface ServingIdgen {
  readonly service: ServiceProcess
  readonly key: string
  readonly tags: readonly string[]
  end(): Promise<void>
}

export async function serveIdgen(options: {
  readonly tags: number
  readonly environment?: Readonly<Record<string, string>>
  /** Instead of the large one: a rate that is seldom asked for would use up no segment. */
  readonly step?: { readonly base: number; readonly max: number }
}): Promise<ServingIdgen> {
  const folder = mkdtempSync(join(tmpdir(), 'idgen-bench-'))
  const service = await startService({
    IDGEN_DATA_DIR: folder,
    IDGEN_AUTH_ADMIN_KEY: KEY,
    IDGEN_SERVER_RESP_ENABLED: 'true',
    ...limitsAbove(1_000_000_000),
    ...options.environment,
  }).catch((error: unknown) => {
    rmSync(folder, { recursive: true, force: true })
    throw error
  })
  const end = async (): Promise<void> => {
    await service.stop('SIGTERM')
    rmSync(folder, { recursive: true, force: true })
  }
  try {
    await post(service, '/v1/workspaces', { name: 'bench' })
    await post(service, '/v1/workspaces/bench/groups', { name: 'load' })
    const names = Array.from({ length: options.tags }, (_, i) => `t${i}`)
    for (const name of names)
      await post(service, '/v1/workspaces/bench/groups/load/tags', {
        name,
        ...TAG,
        step: options.step ?? STEP,
      })
    return { service, key: KEY, tags: names.map((name) => `bench/load/${name}`), end }
  } catch (error) {
    await end()
    throw error
  }
}

async function post({ httpOrigin }: ServiceProcess, path: string, body: object): Promise<void> {
  const response = await fetch(`${httpOrigin}${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${KEY}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  if (!response.ok) throw new Error(`POST ${path}: ${response.status} ${await response.text()}`)
}

const KEY = 'bench-idgen-admin-key'
/** Numbers alone: a tag that fell back to snowflakes would measure something else. */
const TAG = { algorithm: 'segment', chain: ['segment'] }
const STEP = { base: 100_000, max: 10_000_000 }
