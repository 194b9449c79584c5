import type { IdGenerator } from '../api/kinds.ts'
import { ownedObject } from './metadata.ts'
import { NAMES } from './names.ts'
import { KINDS } from './object-kinds.ts'
import type { RenderedObject } from './rendered-object.ts'

/** The HTTP API for callers outside. With TLS required it speaks TLS to the pods as well, where HTTP only redirects. */
export function ingress(generator: IdGenerator): RenderedObject[] {
  const { spec, metadata } = generator
  if (spec.ingress === undefined) return []
  const { className, hosts, path, annotations = {}, tlsSecretName } = spec.ingress
  const required = spec.tls.mode === 'Required'
  const service = { name: NAMES.entry(metadata.name), port: { name: required ? 'https' : 'http' } }
  const paths = [{ path, pathType: 'Prefix', backend: { service } }]
  return [
    ownedObject(
      generator,
      KINDS.Ingress,
      metadata.name,
      {
        spec: {
          ...(className === undefined ? {} : { ingressClassName: className }),
          ...(tlsSecretName === undefined ? {} : { tls: [{ hosts, secretName: tlsSecretName }] }),
          rules: hosts.map((host) => ({ host, http: { paths } })),
        },
      },
      // Traefik and others see it by the port's name or protocol; the most used controller wants this.
      {
        annotations: required
          ? { 'nginx.ingress.kubernetes.io/backend-protocol': 'HTTPS', ...annotations }
          : annotations,
      },
    ),
  ]
}
