import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { ownCertificate } from '../../operator/certificates/own-certificate.ts'
import { decoded } from '../../operator/certificates/secret-data.ts'

/** PEM texts, as they stand in the Secret of an IdGenerator. */
export interface TestCertificate {
  readonly ca: string
  readonly cert: string
  readonly key: string
}

/** As the operator makes it at `nowMs`: for the Services of that IdGenerator, localhost and 127.0.0.1. */
export function testCertificate(
  generator: string,
  namespace: string,
  random: (size: number) => Uint8Array = randomBytes,
  nowMs: number = Date.now(),
): TestCertificate {
  const made = ownCertificate(
    { generator, namespace, dnsNames: [], authority: undefined, certificate: undefined },
    {
      nowMs,
      newKeys: () => generateKeyPairSync('ec', { namedCurve: 'P-256' }),
      randomBytes: random,
    },
  )
  const texts = decoded(made.certificate)
  return { ca: texts['ca.crt'] ?? '', cert: texts['tls.crt'] ?? '', key: texts['tls.key'] ?? '' }
}
