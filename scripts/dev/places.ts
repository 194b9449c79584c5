import { join } from 'node:path'

export const CHECKOUT = join(import.meta.dirname, '../..')

export const COMPOSE_FILE = join(CHECKOUT, 'dev/compose.yaml')

/** Where the local processes keep data, logs and their numbers, and both kinds the admin key. */
export const DEV_FOLDER = process.env['IDGEN_DEV_DIR'] ?? join(CHECKOUT, '.dev')

/** The names that dev/compose.yaml reads from the environment, with the same defaults. */
const PORTS = {
  HTTP_PORT: 8080,
  GRPC_PORT: 50_051,
  RESP_PORT: 6399,
  METRICS_PORT: 9464,
  POSTGRES_PORT: 5432,
  ETCD_PORT: 2379,
  PROMETHEUS_PORT: 9090,
  GRAFANA_PORT: 3000,
  /** Of the first of six nodes; the others follow it. Not open with containers. */
  REDIS_PORT: 7001,
} as const

export type PortName = keyof typeof PORTS

/** From the environment variable of its name, or its default. */
export function port(name: PortName, environment: NodeJS.ProcessEnv = process.env): number {
  const given = environment[name]
  if (given === undefined || given === '') return PORTS[name]
  const number = Number(given)
  if (!Number.isInteger(number) || number < 1 || number > HIGHEST)
    throw new Error(`${name} is "${given}": give a port from 1 to ${HIGHEST}`)
  return number
}

/** Members of a cluster take ports above their first. */
const HIGHEST = 65_000
