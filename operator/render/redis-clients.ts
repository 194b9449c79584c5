import type { Installation } from './installation.ts'

/**
 * Whether callers get through to the listener for Redis clients. It is switched on and off through the canary like
 * everything that pods do: switched off, the way stays open while pods are wanted that still serve it. Those that do not
 * are left out of the Service's port by its name, which their container lacks.
 */
export function servesRedisClients({ generator, revisions }: Installation): boolean {
  if (generator.spec.resp?.enabled === true) return true
  return revisions.some(({ record, replicas = 0 }) => record.inputs.resp !== undefined && replicas > 0)
}
