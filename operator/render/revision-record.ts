import { ANNOTATIONS } from '../api/marks.ts'
import { canonicalJson } from './canonical-json.ts'
import type { RevisionInputs } from './revision.ts'
import type { SecretFacts } from './secret-facts.ts'

/**
 * What a revision was made of, kept in its ControllerRevision for as long as it has pods. The pods are those of the
 * operator that made the revision: another version of the operator would render others from the same inputs, and its
 * first look would then replace every pod of every installation, without a canary.
 */
export interface RevisionRecord {
  readonly inputs: RevisionInputs
  readonly pods: RecordedPods
}

export interface RecordedPods {
  readonly template: PodTemplate
  /** The same for while etcd's Secret has a client certificate. Only where etcd is reached by TLS. */
  readonly templateWithEtcdCertificate?: PodTemplate
  /** Text of the configuration file. */
  readonly config: string
}

export interface PodTemplate {
  readonly metadata: {
    readonly labels: Readonly<Record<string, string>>
    readonly annotations: Readonly<Record<string, string>>
  }
  readonly spec: Readonly<Record<string, unknown>>
}

/** The template of a Deployment. Only Secrets change it while the revision lives. */
export function podTemplate(
  { template, templateWithEtcdCertificate = template }: RecordedPods,
  { checksum, etcdClientCertificate }: Pick<SecretFacts, 'checksum' | 'etcdClientCertificate'>,
): PodTemplate {
  const { metadata, spec } = etcdClientCertificate ? templateWithEtcdCertificate : template
  const annotations = { ...metadata.annotations, [ANNOTATIONS.secretsChecksum]: checksum }
  return { metadata: { ...metadata, annotations }, spec }
}

/**
 * Out of a ControllerRevision, with fields that this operator does not know: a later one may have added them, and the
 * data of a ControllerRevision cannot be changed. undefined when it is none of ours.
 */
export function recordOf({ data }: { readonly data?: unknown }): RevisionRecord | undefined {
  const { inputs, pods } = (data ?? {}) as Partial<RevisionRecord>
  const hasInputs =
    typeof inputs?.image === 'string' && inputs.database !== undefined && inputs.pod !== undefined
  const hasPods = isTemplate(pods?.template) && typeof pods.config === 'string'
  return hasInputs && hasPods ? (data as RevisionRecord) : undefined
}

function isTemplate(template: Partial<PodTemplate> | undefined): template is PodTemplate {
  return template?.metadata?.labels !== undefined && template.spec !== undefined
}

/** Whether two revisions say the same, whoever rendered them. */
export function isSameSpec(one: RevisionInputs, other: RevisionInputs): boolean {
  return canonicalJson(one) === canonicalJson(other)
}
