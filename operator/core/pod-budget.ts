/**
 * A data centre has 256 worker ids, and a pod without one answers no snowflake tag. During a rollout old pods and new ones
 * stand beside each other, and a pod that ends holds its id until it has ended:
 *
 *     256 worker ids = 192 pods wanted + 48 beside them, for a rollout + 16 to spare
 *
 * So a rollout goes in waves of at least 48 pods: none stands still for want of ids, because ids that are taken are either
 * those of pods that serve, which give way to new ones, or of pods that end.
 */
const WORKER_IDS = 256

/**
 * Never planned for: ids of pods that were killed (their lease lasts 30 s), and those that a Deployment adds by itself
 * while it replaces pods of two revisions, stable and canary, because a Secret changed.
 */
const SPARE = 16

/** Pods of all revisions together, those that end included, above which none grows. */
export const PODS_MAX = WORKER_IDS - SPARE

/** The most that spec.replicas and spec.autoscaling ask for; crds/ says the same. */
export const REPLICAS_MAX = 192

/** What a Deployment may add while it replaces its pods: a quarter as Kubernetes does, and half of what is spare. */
export function surgeOf(replicas: number): number {
  return Math.min(SPARE / 2, Math.max(1, Math.ceil(replicas / 4)))
}

/** Of an object that is older than the schema, no more than can be rolled out. */
export function wantedPods({ replicas }: { readonly replicas: number }): number {
  return Math.min(replicas, REPLICAS_MAX)
}
