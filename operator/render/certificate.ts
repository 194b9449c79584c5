import type { Installation } from './installation.ts'
import { ownedObject, ownLabels } from './metadata.ts'
import { certificateNames, NAMES, tlsSecretName } from './names.ts'
import { KINDS } from './object-kinds.ts'
import type { RenderedObject } from './rendered-object.ts'

/** The request to cert-manager, where an issuer is named. */
export function certificate({ generator, optionalKinds }: Installation): RenderedObject[] {
  const { issuerRef } = generator.spec.tls
  if (issuerRef === undefined || !optionalKinds.has('Certificate')) return []
  const { name } = generator.metadata
  const spec = {
    secretName: tlsSecretName(generator),
    // By its labels the operator sees the Secret at once.
    secretTemplate: { labels: ownLabels(name) },
    issuerRef: { name: issuerRef.name, kind: issuerRef.kind, group: issuerRef.group },
    dnsNames: certificateNames(generator),
    // 90 days, a new one after 60.
    duration: '2160h',
    renewBefore: '720h',
    privateKey: { algorithm: 'ECDSA', size: 256, rotationPolicy: 'Always' },
    usages: ['digital signature', 'server auth'],
  }
  return [ownedObject(generator, KINDS.Certificate, name, { spec })]
}

/** The authorities behind the certificates, in the open: callers and gateways may mount it. */
export function authority({ generator, caCertificate }: Installation): RenderedObject[] {
  if (caCertificate === undefined) return []
  const data = { 'ca.crt': caCertificate }
  return [ownedObject(generator, KINDS.ConfigMap, NAMES.authority(generator.metadata.name), { data })]
}
