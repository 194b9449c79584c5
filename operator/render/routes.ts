import type { Installation } from './installation.ts'
import { ownedObject } from './metadata.ts'
import { NAMES, PORTS } from './names.ts'
import { KINDS, type OptionalKind } from './object-kinds.ts'
import type { RenderedObject } from './rendered-object.ts'

type Route = 'HTTPRoute' | 'GRPCRoute'

/** Kinds of the Gateway API that the spec wants. */
export function wantedRoutes({ spec: { gateway, tls } }: Installation['generator']): OptionalKind[] {
  if (gateway === undefined) return []
  return [
    ...(tls.mode === 'Required' ? ['BackendTLSPolicy' as const] : []),
    'HTTPRoute',
    ...((gateway.grpcHostnames ?? []).length > 0 ? ['GRPCRoute' as const] : []),
  ]
}

/** Routes whose weights give the canary exactly its share, however few pods there are. */
export function routes(installation: Installation): RenderedObject[] {
  const { generator, optionalKinds } = installation
  const { gateway } = generator.spec
  if (gateway === undefined) return []
  return wantedRoutes(generator)
    .filter((kind) => optionalKinds.has(kind))
    .flatMap((kind) => {
      if (kind === 'BackendTLSPolicy') return [backendTls(installation)]
      if (kind === 'HTTPRoute') return [route(installation, kind, gateway.hostnames ?? [])]
      return kind === 'GRPCRoute' ? [route(installation, kind, gateway.grpcHostnames ?? [])] : []
    })
}

function route(installation: Installation, kind: Route, hostnames: readonly string[]): RenderedObject {
  const { generator, canaryWeight: weight } = installation
  const { name } = generator.metadata
  const required = generator.spec.tls.mode === 'Required'
  const port = kind === 'GRPCRoute' ? PORTS.grpc : required ? PORTS.https : PORTS.http
  const spec = {
    parentRefs: generator.spec.gateway?.parentRefs,
    ...(hostnames.length === 0 ? {} : { hostnames }),
    rules: [
      {
        backendRefs: [
          { name: NAMES.stable(name), port, weight: 100 - weight },
          { name: NAMES.canary(name), port, weight },
        ],
      },
    ],
  }
  return ownedObject(generator, KINDS[kind], name, { spec })
}

/**
 * What a gateway may take the pods' certificate to be good for, the likeliest first: the operator's are good for the
 * Services; somebody else's for the names that people say.
 */
export function backendNames({ metadata, spec }: Installation['generator']): readonly [string, ...string[]] {
  const { name, namespace = 'default' } = metadata
  const services = [NAMES.stable(name), NAMES.entry(name)].map((service) => `${service}.${namespace}.svc`)
  const [own = name, ...others] = services
  const said = spec.tls.secretName === undefined ? undefined : spec.tls.dnsNames?.[0]
  return said === undefined ? [own, ...others] : [said, own, ...others]
}

/** How a gateway knows the pods, where they only speak TLS. */
function backendTls({ generator, caCertificate, backendName }: Installation): RenderedObject {
  const { metadata, spec } = generator
  const { name } = metadata
  const services = [NAMES.stable(name), NAMES.canary(name)]
  const ports = (spec.gateway?.grpcHostnames ?? []).length > 0 ? ['https', 'grpc'] : ['https']
  const authority = { group: '', kind: 'ConfigMap', name: NAMES.authority(name) }
  const [likeliest] = backendNames(generator)
  const hostname = backendName ?? likeliest
  return ownedObject(generator, KINDS.BackendTLSPolicy, name, {
    spec: {
      targetRefs: services.flatMap((service) =>
        ports.map((sectionName) => ({ group: '', kind: 'Service', name: service, sectionName })),
      ),
      validation: {
        hostname,
        ...(caCertificate === undefined
          ? { wellKnownCACertificates: 'System' }
          : { caCertificateRefs: [authority] }),
      },
    },
  })
}
