import { X509Certificate } from 'node:crypto'
import type { IdGenerator } from '../api/kinds.ts'
import { namesOf } from '../certificates/key-pair.ts'
import { decoded } from '../certificates/secret-data.ts'
import { serverNames } from '../certificates/server-names.ts'
import { heldCanary } from '../core/held-canary.ts'
import { tlsSecretName } from '../render/names.ts'
import { keyIn } from './pod-certificate.ts'
import type { SecretStore } from './secret-store.ts'

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

/** Of a certificate that is there its own names, or what of the spec can stand in one. */
function signedNames({ metadata, spec }: IdGenerator, certificate: string | undefined): readonly string[] {
  const { name, namespace = 'default' } = metadata
  const always = new Set(serverNames(name, namespace, []))
  const names = readNames(certificate) ?? spec.tls.dnsNames ?? []
  return names.filter((one) => !always.has(one) && isName(one))
}

function readNames(certificate: string | undefined): readonly string[] | undefined {
  try {
    return certificate === undefined ? undefined : namesOf(new X509Certificate(certificate))
  } catch {
    return undefined
  }
}

function isName(text: string): boolean {
  try {
    serverNames('', '', [text])
    return true
  } catch {
    return false
  }
}
