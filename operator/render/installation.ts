import type { IdGenerator } from '../api/kinds.ts'
import type { OptionalKind } from './object-kinds.ts'
import type { ObjectReference, RenderedObject } from './rendered-object.ts'
import type { RevisionRecord } from './revision-record.ts'
import type { SecretFacts } from './secret-facts.ts'

/** All that is known when an IdGenerator's objects are rendered. */
export interface Installation {
  readonly generator: IdGenerator
  /** Every revision that has or gets objects, in any order. */
  readonly revisions: readonly InstalledRevision[]
  /** What the Service of stable selects. undefined before the first: then both Services follow the others. */
  readonly stableRevision?: string
  /** What the Service of the canary selects; undefined: the same. */
  readonly canaryRevision?: string
  /** Percent of the calls that routes of the Gateway API send to the Service of the canary. */
  readonly canaryWeight: number
  /** Which of OPTIONAL_KINDS the cluster has. */
  readonly optionalKinds: ReadonlySet<OptionalKind>
  /** The authorities of all certificates that pods have, PEM. undefined while there are none, or where all are public. */
  readonly caCertificate?: string
  /** Of backendNames the first that the certificates of all pods are good for; undefined: there is none. */
  readonly backendName?: string
  /** Where the operator runs: its pods get through the NetworkPolicy. undefined outside of a cluster. */
  readonly operatorNamespace?: string
  /** Address of the pages that alerts link to, with a slash at its end; left out: those of the project. */
  readonly runbooks?: string
}

export interface InstalledRevision {
  readonly revision: string
  readonly record: RevisionRecord
  /** Of the Deployment. undefined: no Deployment yet, because the migrations come first. */
  readonly replicas: number | undefined
  /** What secretFacts told of the Secrets that its pods read. */
  readonly secrets: Pick<SecretFacts, 'checksum' | 'etcdClientCertificate'>
}

export interface Rendering {
  /** In the order of applying. */
  readonly objects: readonly RenderedObject[]
  /** Objects that a spec can ask for and this one does not: they are deleted where they exist. */
  readonly unwanted: readonly ObjectReference[]
  /** What people should hear of: nothing was done about it, or it was done differently from what they wrote. */
  readonly remarks: readonly Remark[]
}

export interface Remark {
  /** CamelCase, for events and conditions. */
  readonly reason: 'ConfigIgnored' | 'PodSettingIgnored' | 'KindMissing' | 'ClientRefused'
  readonly message: string
}
