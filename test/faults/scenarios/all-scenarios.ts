import type { Scenario } from '../scenario.ts'
import { CLOCK_LONG } from './clock-scenarios.ts'
import { ETCD_LONG } from './etcd-scenarios.ts'
import { NETWORK_LONG } from './network-scenarios.ts'
import { POSTGRES_LONG } from './postgres-scenarios.ts'
import { PROCESS_LONG } from './process-scenarios.ts'
import { REDIS_LONG } from './redis-scenarios.ts'
import { RESOURCE_LONG } from './resource-scenarios.ts'

/** In the order of docs/reliability.md. */
export const ALL_LONG: readonly Scenario[] = [
  ...PROCESS_LONG,
  ...CLOCK_LONG,
  ...ETCD_LONG,
  ...POSTGRES_LONG,
  ...REDIS_LONG,
  ...NETWORK_LONG,
  ...RESOURCE_LONG,
]
