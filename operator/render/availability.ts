import type { IdGenerator } from '../api/kinds.ts'
import { ownedObject, podSelector } from './metadata.ts'
import { KINDS } from './object-kinds.ts'
import type { RenderedObject } from './rendered-object.ts'

/** How many pods an eviction may take at a time, of all revisions together. */
export function disruptionBudget(generator: IdGenerator): RenderedObject[] {
  const { enabled, maxUnavailable } = generator.spec.podDisruptionBudget
  const { name } = generator.metadata
  if (!enabled) return []
  const spec = {
    maxUnavailable,
    selector: { matchLabels: podSelector(name) },
    // A pod that is not ready serves nobody, and must not keep a node from being emptied.
    unhealthyPodEvictionPolicy: 'AlwaysAllow',
  }
  return [ownedObject(generator, KINDS.PodDisruptionBudget, name, { spec })]
}

/** Scales the IdGenerator, not a Deployment: how its pods are shared out among revisions is the rollout's business. */
export function autoscaler(generator: IdGenerator): RenderedObject[] {
  const { autoscaling } = generator.spec
  const { name } = generator.metadata
  if (autoscaling === undefined) return []
  const { minReplicas, maxReplicas, targetCPUUtilizationPercentage, behavior } = autoscaling
  const target = { type: 'Utilization', averageUtilization: targetCPUUtilizationPercentage }
  const spec = {
    scaleTargetRef: { apiVersion: generator.apiVersion, kind: generator.kind, name },
    minReplicas,
    maxReplicas,
    metrics: [{ type: 'Resource', resource: { name: 'cpu', target } }],
    ...(behavior === undefined ? {} : { behavior }),
  }
  return [ownedObject(generator, KINDS.HorizontalPodAutoscaler, name, { spec })]
}
