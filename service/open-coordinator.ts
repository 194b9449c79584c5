import { readFileSync } from 'node:fs'
import type { EtcdCoordinator } from './adapters/etcd/etcd-coordinator.ts'
import type { Config } from './config/keys.ts'
import { IdgenError } from './core/errors.ts'
import type { WitnessRules } from './core/witness.ts'
import type { Log } from './ports/log.ts'
import type { Tracer } from './ports/tracer.ts'

/**
 * The connection to etcd, where `etcd.endpoints` names any. It connects by itself, now or later.
 * @throws IDGEN_CONFIG_INVALID when a certificate cannot be read
 */
export async function openCoordinator(
  config: Config,
  log: Log,
  tracer?: Tracer,
): Promise<EtcdCoordinator | undefined> {
  const { etcd } = config
  const endpoints = listed(etcd.endpoints)
  if (endpoints.length === 0) return undefined
  const { ca, cert, key } = etcd.tls
  // Loaded where it is used only: the client and its protocol are megabytes.
  const adapter = await import('./adapters/etcd/etcd-coordinator.ts')
  return new adapter.EtcdCoordinator({
    endpoints,
    prefix: etcd.prefix,
    timeoutMs: etcd.timeout,
    log,
    ...(tracer && { tracer }),
    ...(etcd.username === '' ? {} : { username: etcd.username, password: etcd.password }),
    ...(endpoints.some((endpoint) => endpoint.startsWith('https:'))
      ? {
          tls: {
            ...(ca === '' ? {} : { ca: readPem('etcd.tls.ca', ca) }),
            ...(cert === '' ? {} : { cert: readPem('etcd.tls.cert', cert) }),
            ...(key === '' ? {} : { key: readPem('etcd.tls.key', key) }),
          },
        }
      : {}),
  })
}

export function witnessRules(config: Config): WitnessRules {
  return {
    headroomSteps: config.witness.headroom,
    proceed: config.witness.onUnavailable === 'proceed',
  }
}

/** Values with commas between them, as endpoints are configured. */
export function listed(text: string): string[] {
  return text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
}

/** @throws IDGEN_CONFIG_INVALID when the file that `key` names cannot be read */
export function readPem(key: string, file: string): Buffer {
  try {
    return readFileSync(file)
  } catch (error) {
    const why = (error as NodeJS.ErrnoException).code ?? String(error)
    throw new IdgenError('IDGEN_CONFIG_INVALID', `${key}: the file ${file} cannot be read (${why}).`)
  }
}
