import type { IdGenerator } from '../api/kinds.ts'
import { ANNOTATIONS, LABELS } from '../api/marks.ts'
import { CONFIG_FILE } from './config-file.ts'
import {
  AUDIT_FOLDER,
  LEFT_OUT_VARIABLES,
  serverEnvironment,
  storeEnvironment,
  type Variable,
} from './environment.ts'
import type { InstalledRevision } from './installation.ts'
import { MIGRATION, ownLabels, podSelector } from './metadata.ts'
import { NAMES, PORTS } from './names.ts'
import { type TakenSettings, takenSettings } from './pod-settings.ts'
import type { RevisionInputs } from './revision.ts'
import type { PodTemplate } from './revision-record.ts'
import { SECRETS_FOLDER, type SecretFile, secretVolume, serverFiles, storeFiles } from './secret-files.ts'

type Template = { readonly metadata: object; readonly spec: Readonly<Record<string, unknown>> }

interface RenderedRevision {
  readonly revision: string
  readonly inputs: RevisionInputs
  readonly etcdClientCertificate: boolean
}

const CONFIG_FOLDER = '/etc/idgen/config'
const VOLUMES = { config: 'idgen-config', secrets: 'idgen-secrets', scratch: 'idgen-scratch' } as const
/** Of spec.auditFile; nobody else's where that is left out. */
const AUDIT_VOLUME = 'idgen-audit'
/** That of the image (Dockerfile). */
const GROUP = 65_532
/** Never another name: what restarts in pods of any revision is told by it. */
export const CONTAINER = 'idgen'

/**
 * Pods of the service. From nothing but the IdGenerator's name and what is given: it is rendered once, when a revision is
 * made, and kept (revision-record.ts). A change here reaches an installation as a new revision, through its canary.
 */
export function serverTemplate(
  generator: IdGenerator,
  { revision, inputs, etcdClientCertificate }: RenderedRevision,
): PodTemplate {
  const { name } = generator.metadata
  const taken = takenServerSettings(inputs)
  const audit = auditParts(inputs)
  const files = [...storeFiles(inputs, etcdClientCertificate), ...serverFiles(inputs)]
  return {
    metadata: {
      labels: { ...taken.labels, ...ownLabels(name), ...podSelector(name, revision) },
      annotations: {
        ...taken.annotations,
        [ANNOTATIONS.image]: inputs.image,
        ...(inputs.tls.metrics === true ? { [ANNOTATIONS.metricsScheme]: 'https' } : {}),
        'kubectl.kubernetes.io/default-container': CONTAINER,
      },
    },
    spec: {
      ...podSpec(generator, inputs),
      ...audit.security,
      topologySpreadConstraints: spread(inputs, podSelector(name)),
      terminationGracePeriodSeconds: inputs.pod.terminationGracePeriodSeconds,
      containers: [
        {
          ...container(inputs, 'serve', serverEnvironment(inputs, etcdClientCertificate), {
            ...taken,
            volumeMounts: [...audit.mounts, ...taken.volumeMounts],
          }),
          ports: Object.entries(PORTS)
            .filter(([port]) => port !== 'resp' || inputs.resp !== undefined)
            .map(([port, containerPort]) => ({ name: port, containerPort, protocol: 'TCP' })),
          ...probes(inputs),
        },
      ],
      volumes: [...ownVolumes(NAMES.ofRevision(name, revision), files), ...audit.volumes, ...taken.volumes],
    },
  }
}

/** The one place that the service itself writes to, beside /tmp: its image stays read-only. */
function auditParts({ auditFile }: RevisionInputs) {
  if (auditFile === undefined) return { volumes: [], mounts: [], security: {} }
  return {
    volumes: [{ name: AUDIT_VOLUME, ...auditFile }],
    mounts: [{ name: AUDIT_VOLUME, mountPath: AUDIT_FOLDER }],
    // Or the new volume is root's. Looked at once, not file by file at each start.
    security: {
      securityContext: { ...POD_SECURITY, fsGroup: GROUP, fsGroupChangePolicy: 'OnRootMismatch' },
    },
  }
}

/** A pod that brings the schema up to date. No Service selects it; the NetworkPolicy does. */
export function migrationTemplate(generator: IdGenerator, revision: InstalledRevision): Template {
  const { secrets } = revision
  const { inputs } = revision.record
  const { name } = generator.metadata
  const taken = takenServerSettings(inputs)
  const files = storeFiles(inputs, secrets.etcdClientCertificate)
  return {
    metadata: {
      labels: {
        ...taken.labels,
        ...ownLabels(name),
        [LABELS.component]: MIGRATION,
        [LABELS.revision]: revision.revision,
      },
      ...(Object.keys(taken.annotations).length === 0 ? {} : { annotations: taken.annotations }),
    },
    spec: {
      ...podSpec(generator, inputs),
      restartPolicy: 'Never',
      containers: [
        container(inputs, 'migrate', storeEnvironment(inputs, secrets.etcdClientCertificate), taken),
      ],
      volumes: [...ownVolumes(NAMES.ofRevision(name, revision.revision), files), ...taken.volumes],
    },
  }
}

/** spec.pod without what cannot be taken over. */
export function takenServerSettings(inputs: RevisionInputs): TakenSettings {
  const variables = serverEnvironment(inputs, true).flatMap(({ name }) => [name, name.replace(/_FILE$/, '')])
  const audits = inputs.auditFile !== undefined
  return takenSettings(inputs.pod, {
    variables: new Set([...variables, ...LEFT_OUT_VARIABLES]),
    volumes: new Set<string>([...Object.values(VOLUMES), ...(audits ? [AUDIT_VOLUME] : [])]),
    folders: [CONFIG_FOLDER, SECRETS_FOLDER, '/tmp', ...(audits ? [AUDIT_FOLDER] : [])],
  })
}

const POD_SECURITY = { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } } as const

/** Restricted, and without a way into the API server. */
function podSpec(generator: IdGenerator, { imagePullSecrets, pod }: RevisionInputs): Record<string, unknown> {
  const asGiven = {
    imagePullSecrets,
    nodeSelector: pod.nodeSelector,
    affinity: pod.affinity,
    tolerations: pod.tolerations,
    priorityClassName: pod.priorityClassName,
    runtimeClassName: pod.runtimeClassName,
  }
  return {
    serviceAccountName: pod.serviceAccountName ?? generator.metadata.name,
    automountServiceAccountToken: false,
    // Variables of every Service of the namespace could be taken for settings.
    enableServiceLinks: false,
    securityContext: POD_SECURITY,
    ...Object.fromEntries(Object.entries(asGiven).filter(([, value]) => value !== undefined)),
  }
}

function container(
  { image, imagePullPolicy, pod }: RevisionInputs,
  command: string,
  env: readonly Variable[],
  taken: TakenSettings,
): Record<string, unknown> {
  return {
    name: CONTAINER,
    image,
    imagePullPolicy,
    args: [command, '--config', `${CONFIG_FOLDER}/${CONFIG_FILE}`],
    env: [...env, ...taken.env],
    resources: pod.resources,
    // Why it ended stands in its status: the operator reads no logs.
    terminationMessagePolicy: 'FallbackToLogsOnError',
    securityContext: {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      runAsNonRoot: true,
      capabilities: { drop: ['ALL'] },
      seccompProfile: { type: 'RuntimeDefault' },
    },
    volumeMounts: [
      { name: VOLUMES.config, mountPath: CONFIG_FOLDER, readOnly: true },
      { name: VOLUMES.secrets, mountPath: SECRETS_FOLDER, readOnly: true },
      { name: VOLUMES.scratch, mountPath: '/tmp' },
      ...taken.volumeMounts,
    ],
  }
}

function ownVolumes(configMap: string, files: readonly SecretFile[]): object[] {
  return [
    { name: VOLUMES.config, configMap: { name: configMap } },
    secretVolume(VOLUMES.secrets, files),
    // The compiled sources of Node.js, about 10 MB.
    { name: VOLUMES.scratch, emptyDir: { sizeLimit: '64Mi' } },
  ]
}

/** Over zones, then over nodes; where that cannot be, pods run all the same. Pods of all revisions count. */
function spread({ pod }: RevisionInputs, matchLabels: Readonly<Record<string, string>>): object[] {
  const given = pod.topologySpreadConstraints ?? []
  if (given.length > 0) return given.map((constraint) => ({ labelSelector: { matchLabels }, ...constraint }))
  return ['topology.kubernetes.io/zone', 'kubernetes.io/hostname'].map((topologyKey) => ({
    maxSkew: 1,
    topologyKey,
    whenUnsatisfiable: 'ScheduleAnyway',
    labelSelector: { matchLabels },
  }))
}

/** Over TLS the kubelet takes any certificate: it asks the address that it gave the pod itself. */
function probes({ tls }: RevisionInputs): object {
  const probe = (path: string, timing: Readonly<Record<string, number>>): object => ({
    httpGet: { path, port: 'metrics', scheme: tls.metrics === true ? 'HTTPS' : 'HTTP' },
    ...timing,
  })
  return {
    // Two minutes: a slow node, and a database that is late, at the first start.
    startupProbe: probe('/livez', { periodSeconds: 2, timeoutSeconds: 2, failureThreshold: 60 }),
    // A minute: only a process that is stuck is started again. A busy one answers late.
    livenessProbe: probe('/livez', { periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 6 }),
    readinessProbe: probe('/readyz', { periodSeconds: 5, timeoutSeconds: 3, failureThreshold: 2 }),
  }
}
