import { X509Certificate } from 'node:crypto'
import type { IdGenerator } from '../api/kinds.ts'
import { namesOf } from '../certificates/key-pair.ts'
import { serverNames } from '../certificates/server-names.ts'

/** What of spec.tls.dnsNames a certificate that is there was made for; without one, what of the spec can stand in one. */
export function signedNames(
  { metadata, spec }: IdGenerator,
  certificate: string | undefined,
): readonly string[] {
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
