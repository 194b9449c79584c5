import type { IdGenerator } from '../api/kinds.ts'
import { canonicalHash } from './canonical-json.ts'
import { configFile } from './config-file.ts'
import { serverTemplate } from './pod-template.ts'
import { type RevisionDefaults, type RevisionInputs, revisionInputs } from './revision.ts'
import type { RecordedPods, RevisionRecord } from './revision-record.ts'

export interface NewRevision {
  /** Ten hexadecimal digits. Two of an IdGenerator's revisions are alike once in a million millions. */
  readonly revision: string
  readonly record: RevisionRecord
}

/**
 * What this operator makes of a spec. Its name stands for the inputs and for the pods rendered from them, so that pods
 * that a new operator renders differently are another revision, which goes through the canary.
 */
export function newRevision(generator: IdGenerator, defaults: RevisionDefaults): NewRevision {
  const inputs = revisionInputs(generator, defaults)
  // The name is part of the pods, so it is made from pods that have none.
  const revision = canonicalHash({ inputs, pods: recordedPods(generator, '', inputs) }).slice(0, 10)
  return { revision, record: { inputs, pods: recordedPods(generator, revision, inputs) } }
}

function recordedPods(generator: IdGenerator, revision: string, inputs: RevisionInputs): RecordedPods {
  return {
    template: serverTemplate(generator, { revision, inputs, etcdClientCertificate: false }),
    ...(inputs.etcd?.tls === undefined
      ? {}
      : {
          templateWithEtcdCertificate: serverTemplate(generator, {
            revision,
            inputs,
            etcdClientCertificate: true,
          }),
        }),
    config: configFile(inputs),
  }
}
