import { alertmanagerConfig, wantsAlertmanager } from './alertmanager-config.ts'
import { autoscaler, disruptionBudget } from './availability.ts'
import { authority, certificate } from './certificate.ts'
import { ignoredConfigKeys } from './config-file.ts'
import { ingress } from './ingress.ts'
import type { Installation, Remark, Rendering } from './installation.ts'
import { monitoring } from './monitoring.ts'
import { NAMES } from './names.ts'
import { networkPolicy } from './network-policy.ts'
import { KINDS, type KindName, OPTIONAL_KINDS, type OptionalKind } from './object-kinds.ts'
import { takenServerSettings } from './pod-template.ts'
import { refusedRemarks } from './refused-clients.ts'
import type { ObjectReference, RenderedObject } from './rendered-object.ts'
import type { RevisionInputs } from './revision.ts'
import { revisionParts } from './revision-objects.ts'
import { routes, wantedRoutes } from './routes.ts'
import { serviceAccount } from './service-account.ts'
import { services } from './services.ts'

/** All objects of an IdGenerator, from one snapshot. Secrets and Jobs are made once and are not among them. */
export function render(installation: Installation): Rendering {
  const { generator, revisions } = installation
  const objects = [
    ...serviceAccount(installation),
    ...certificate(installation),
    ...authority(installation),
    ...networkPolicy(installation),
    // Before the Deployments: no call may go to pods that are about to end. Among themselves in any order, because every
    // Service selects pods that serve before its change and after it (core/route-shares.ts).
    ...routes(installation),
    ...services(installation),
    ...revisions.flatMap((revision) => revisionParts(generator, revision)),
    ...disruptionBudget(generator),
    ...autoscaler(generator),
    ...ingress(generator),
    ...monitoring(installation),
    ...alertmanagerConfig(installation),
  ]
  const remarks = [...missingKinds(installation), ...refusedRemarks(generator, revisions)]
  return { objects, unwanted: unwanted(installation, objects), remarks }
}

/** What of a revision's spec cannot be done, to be told when it is made. */
export function remarksOn(inputs: RevisionInputs): readonly Remark[] {
  return [
    ...ignoredConfigKeys(inputs).map((key) => ({
      reason: 'ConfigIgnored' as const,
      message: `spec.config: ${key} has no effect, because another field of the spec, or the operator, sets it`,
    })),
    ...takenServerSettings(inputs).ignored.map((message) => ({
      reason: 'PodSettingIgnored' as const,
      message: `spec.pod: ${message}`,
    })),
  ]
}

/** Objects that come and go with a field of the spec; all but one bear the IdGenerator's name. */
function unwanted(installation: Installation, objects: readonly RenderedObject[]): ObjectReference[] {
  const { name } = installation.generator.metadata
  const rendered = new Set(objects.map(({ kind, metadata }) => `${kind}/${metadata.name}`))
  const absent = OPTIONAL_KINDS.filter((kind) => !installation.optionalKinds.has(kind))
  return SWITCHED.filter((kind) => !absent.some((other) => other === kind))
    .map((kind) => ({ kind: KINDS[kind], name: kind === 'ConfigMap' ? NAMES.authority(name) : name }))
    .filter((reference) => !rendered.has(`${reference.kind.kind}/${reference.name}`))
}

const SWITCHED = [
  'ServiceAccount',
  'Certificate',
  'ConfigMap',
  'NetworkPolicy',
  'PodDisruptionBudget',
  'HorizontalPodAutoscaler',
  'Ingress',
  'BackendTLSPolicy',
  'HTTPRoute',
  'GRPCRoute',
  'ServiceMonitor',
  'PrometheusRule',
  'AlertmanagerConfig',
] as const satisfies readonly KindName[]

/** Kinds that were asked for by name. Monitoring is wanted by default, and silently left out. */
function missingKinds({ generator, optionalKinds }: Installation): Remark[] {
  const { issuerRef } = generator.spec.tls
  const wanted: readonly (readonly [OptionalKind, string])[] = [
    ...(issuerRef === undefined ? [] : [['Certificate', 'spec.tls.issuerRef'] as const]),
    ...wantedRoutes(generator).map((kind) => [kind, 'spec.gateway'] as const),
    ...(wantsAlertmanager(generator) ? [['AlertmanagerConfig', 'spec.alerts'] as const] : []),
  ]
  return wanted
    .filter(([kind]) => !optionalKinds.has(kind))
    .map(([kind, field]) => ({ reason: 'KindMissing', message: missingText(kind, field) }))
}

function missingText(kind: OptionalKind, field: string): string {
  const { group, version } = KINDS[kind]
  return `${field} needs ${kind} (${group}/${version}), which this cluster does not have: install it, or remove the field`
}
