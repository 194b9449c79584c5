import { closeSync, openSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import type { Scenario, Stage } from '../scenario.ts'

const DISK_FULL: Scenario = {
  name: 'disk-full',
  title: 'the disk of PostgreSQL is full',
  installation: { diskMegabytes: 256 },
  holdS: 20,
  async inject({ installation }) {
    fill(join(installation.folder, FILLER))
    // Until the room that the WAL had already is used up as well.
    await installation.postgres.primary
      .ask(async (client) => {
        for (let i = 0; i < WAL_MEGABYTES; i += 1)
          await client.query("SELECT pg_logical_emit_message(false, 'faults', repeat('x', 1000000))")
      })
      .catch(() => {})
  },
  async heal({ installation, measured }) {
    rmSync(join(installation.folder, FILLER))
    const { primary } = installation.postgres
    measured.set('PostgreSQL meanwhile', primary.running ? 'went on' : 'ended, and was started again')
    if (!primary.running) await primary.start()
  },
  degrades: ['orders'],
}

/** More than the disk has. */
const WAL_MEGABYTES = 300
const FILLER = 'filler'

/** Writes until nothing more fits. */
function fill(file: string): void {
  const out = openSync(file, 'w')
  for (const size of [1_048_576, 4096]) {
    const block = Buffer.alloc(size)
    try {
      for (;;) writeSync(out, block)
    } catch (thrown) {
      if ((thrown as NodeJS.ErrnoException).code !== 'ENOSPC') throw thrown
    }
  }
  closeSync(out)
}

/** Every connection of the server is taken by somebody else, as a badly configured neighbour does it. */
const SERVER_EXHAUSTED: Scenario = {
  name: 'connections-exhausted',
  title: 'every connection of the PostgreSQL server is taken by somebody else',
  holdS: 20,
  async inject(stage) {
    const taken: pg.Client[] = []
    hoarded.set(stage, taken)
    const url = stage.installation.postgres.primary.url
    const endMs = performance.now() + HOARD_MS
    while (performance.now() < endMs) await hoard(url, taken)
    stage.measured.set('connections taken', String(taken.length))
  },
  async heal(stage) {
    await Promise.all((hoarded.get(stage) ?? []).map((client) => client.end()))
  },
  degrades: ['orders'],
}

const hoarded = new WeakMap<Stage, pg.Client[]>()
/** The services connect again and again; after this they have none left. */
const HOARD_MS = 6000

/** Takes what is free, then what the services have. */
async function hoard(url: string, taken: pg.Client[]): Promise<void> {
  const tries = await Promise.allSettled(Array.from({ length: 20 }, () => connected(url)))
  for (const each of tries) if (each.status === 'fulfilled') taken.push(each.value)
  await taken[0]?.query(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'idgen %'",
  )
}

async function connected(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2000 })
  client.on('error', () => {})
  await client.connect()
  return client
}

/** Every connection of a service waits for a lock; whoever wants one more waits in vain. */
const POOL_EXHAUSTED: Scenario = {
  name: 'pool-exhausted',
  title: 'the connection pools of the services are used up by statements that wait for a lock',
  installation: { environment: { IDGEN_DATABASE_POOL_MAX: '2' } },
  holdS: 20,
  async inject(stage) {
    const client = await connected(stage.installation.postgres.primary.url)
    lockers.set(stage, client)
    await client.query('BEGIN')
    await client.query('LOCK TABLE segments, worker_times, catalog_revision IN ACCESS EXCLUSIVE MODE')
  },
  async heal(stage) {
    await lockers.get(stage)?.end()
  },
  degrades: ['orders'],
}

const lockers = new WeakMap<Stage, pg.Client>()

export const RESOURCE_LONG: readonly Scenario[] = [DISK_FULL, SERVER_EXHAUSTED, POOL_EXHAUSTED]
