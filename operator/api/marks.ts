/** Labels, annotations and finalizers: the words of the operator on objects of Kubernetes. */

/** Labels of every object that the operator makes. */
export const LABELS = {
  name: 'app.kubernetes.io/name',
  instance: 'app.kubernetes.io/instance',
  component: 'app.kubernetes.io/component',
  managedBy: 'app.kubernetes.io/managed-by',
  partOf: 'app.kubernetes.io/part-of',
  /** On pods and Deployments: the revision. */
  revision: 'idgen.io/revision',
  /** On everything: the IdGenerator it belongs to. The entry Service selects by it, over all revisions. */
  generator: 'idgen.io/generator',
} as const

/** Annotations that people write on an IdGenerator; the value names the revision that is meant. */
export const COMMANDS = {
  /** Ends the hold, or gives the approval, of the current step. */
  promote: 'idgen.io/promote',
  /** Goes to 100 % at once. */
  promoteFull: 'idgen.io/promote-full',
  /** Rolls back and blocks the revision. */
  abort: 'idgen.io/abort',
  /** Tries a blocked revision again. */
  retry: 'idgen.io/retry',
  /** While it is there, the rollout of that revision stands still. */
  pause: 'idgen.io/pause',
} as const

export const ANNOTATIONS = {
  /** On pods and Deployments: the image of the revision, for people. */
  image: 'idgen.io/image',
  /** On pods whose metrics port speaks TLS: "https". Prometheus and the operator's own scrapes go by it, for while a canary is under way there are both. */
  metricsScheme: 'idgen.io/metrics-scheme',
  /** On pod templates: what the Secrets contain that pods read at their start; a change restarts the pods. */
  secretsChecksum: 'idgen.io/secrets-checksum',
  /** On a BizTag, by people: a new value makes a new key in its Secret. On the Secret: the value the key was made for. */
  rotateKey: 'idgen.io/rotate-key',
  /** On a migration Job: how often it was tried, this one included. */
  attempt: 'idgen.io/attempt',
} as const

/** On a BizTag: the tag in the service is to be let go of, or deleted, first. */
export const BIZ_TAG_FINALIZER = 'idgen.io/tag'
