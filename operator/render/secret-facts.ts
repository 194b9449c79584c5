import type { RevisionInputs } from './revision.ts'

/** A Secret that pods of a revision need, and what it must hold. */
export interface WantedSecret {
  readonly name: string
  readonly keys: readonly string[]
  /** Keys that are used if they are there. */
  readonly optionalKeys: readonly string[]
  /** In words: "the database". */
  readonly purpose: string
  /** Read at the start of a pod only: a change must restart the pods. */
  readonly readAtStart: boolean
}

/** Content of Secrets by name: their `data`, base64 as it stands. */
export type SecretContents = ReadonlyMap<string, Readonly<Record<string, string>>>

export interface SecretFacts {
  /** Of what pods read at their start. */
  readonly checksum: string
  /** Whether the Secret of etcd's TLS has a client certificate. */
  readonly etcdClientCertificate: boolean
  /** What is missing, each a sentence for people. Empty: pods can start. */
  readonly missing: readonly string[]
}

/** Those that people must bring, and those that the operator makes (admin key, certificate). */
export declare function wantedSecrets(inputs: RevisionInputs): readonly WantedSecret[]

export declare function secretFacts(inputs: RevisionInputs, contents: SecretContents): SecretFacts
