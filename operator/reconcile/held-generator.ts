import type { IdGenerator } from '../api/kinds.ts'
import { decoded } from '../certificates/secret-data.ts'
import { heldCanary } from '../core/held-canary.ts'
import { tlsSecretName } from '../render/names.ts'
import { keyIn } from './pod-certificate.ts'
import type { SecretStore } from './secret-store.ts'
import { signedNames } from './signed-names.ts'

/**
 * An IdGenerator whose spec must not be carried out as a whole, as what runs is looked after by it: nothing in it that
 * cannot be read, no step of its canary ends of itself, and the certificate keeps the names it has.
 */
export async function heldGenerator(
  generator: IdGenerator,
  store: SecretStore,
  signal: AbortSignal,
): Promise<IdGenerator> {
  const { spec } = generator
  const secret = await store.find(keyIn(generator, tlsSecretName(generator)), signal)
  const dnsNames = signedNames(generator, decoded(secret?.data)['tls.crt'])
  return { ...generator, spec: { ...spec, canary: heldCanary(spec.canary), tls: { ...spec.tls, dnsNames } } }
}
