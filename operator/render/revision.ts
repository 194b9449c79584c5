import type { IdGenerator } from '../api/kinds.ts'
import { adminKeySecret, tlsSecretName } from './names.ts'

type Spec = IdGenerator['spec']

/**
 * Everything of the spec that pods or their configuration depend on, and nothing else: to one operator, two specs with
 * equal inputs are the same revision (new-revision.ts). A field that is added is left out where it has its default: in
 * older records it is missing, and the same spec would seem to have changed.
 */
export interface RevisionInputs {
  readonly image: string
  readonly imagePullPolicy: Spec['imagePullPolicy']
  readonly imagePullSecrets?: Spec['imagePullSecrets']
  readonly datacenter: number
  readonly database: Spec['database']
  readonly etcd?: Spec['etcd']
  readonly redis?: Spec['redis']
  readonly config?: Spec['config']
  /** Left out where Redis clients are not served. */
  readonly resp?: Spec['resp']
  /** Left out where it says nothing. */
  readonly ui?: Spec['ui']
  /** Left out where it says nothing. */
  readonly limits?: Spec['limits']
  /** Left out where the audit log has no second place. */
  readonly auditFile?: Spec['auditFile']
  /** Left out where nobody may come with a certificate. */
  readonly clients?: Spec['auth']['clients']
  readonly tls: {
    readonly mode: Spec['tls']['mode']
    readonly secretName: string
    /** Left out where the metrics port speaks no TLS. */
    readonly metrics?: true
  }
  readonly adminKeySecret: { readonly name: string; readonly key: string }
  readonly pod: Spec['pod']
}

export interface RevisionDefaults {
  /** For an IdGenerator without an image: that of the operator. */
  readonly image: string
}

export function revisionInputs(generator: IdGenerator, defaults: RevisionDefaults): RevisionInputs {
  const { spec } = generator
  return {
    image: spec.image ?? defaults.image,
    imagePullPolicy: spec.imagePullPolicy,
    ...(spec.imagePullSecrets === undefined ? {} : { imagePullSecrets: spec.imagePullSecrets }),
    datacenter: spec.datacenter,
    database: spec.database,
    ...(spec.etcd === undefined ? {} : { etcd: spec.etcd }),
    ...(spec.redis === undefined ? {} : { redis: spec.redis }),
    ...(spec.config === undefined ? {} : { config: spec.config }),
    ...(spec.resp?.enabled === true ? { resp: spec.resp } : {}),
    ...otherUi(spec.ui),
    ...(spec.limits?.shared === undefined ? {} : { limits: spec.limits }),
    ...(spec.auditFile === undefined ? {} : { auditFile: spec.auditFile }),
    ...(spec.auth.clients === undefined ? {} : { clients: spec.auth.clients }),
    tls: {
      mode: spec.tls.mode,
      secretName: tlsSecretName(generator),
      ...(spec.tls.metrics === true ? { metrics: true } : {}),
    },
    adminKeySecret: adminKeySecret(generator),
    pod: spec.pod,
  }
}

function otherUi(ui: Spec['ui']): Pick<RevisionInputs, 'ui'> {
  return ui === undefined || (ui.enabled === undefined && ui.grafanaUrl === undefined) ? {} : { ui }
}
