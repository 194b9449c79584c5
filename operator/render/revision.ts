import type { IdGenerator } from '../api/kinds.ts'
import { canonicalHash } from './canonical-json.ts'
import { adminKeySecret, tlsSecretName } from './names.ts'

type Spec = IdGenerator['spec']

/**
 * Everything of the spec that pods or their configuration depend on, and nothing else: two specs with equal inputs have
 * the same revision. Kept in a ControllerRevision, so that the pods of every revision can be rendered for as long as
 * there are any, whatever the spec says by then.
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
  readonly tls: { readonly mode: Spec['tls']['mode']; readonly secretName: string }
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
    tls: { mode: spec.tls.mode, secretName: tlsSecretName(generator) },
    adminKeySecret: adminKeySecret(generator),
    pod: spec.pod,
  }
}

/** Names the inputs: ten hexadecimal digits. Two of an IdGenerator's revisions are alike once in a million millions. */
export function revisionOf(inputs: RevisionInputs): string {
  return canonicalHash(inputs).slice(0, 10)
}
