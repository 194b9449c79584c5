import { KubeError } from '../runtime/kube-client.ts'

/** What a person can do something about; its message says what. */
export class PluginError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'PluginError'
  }
}

/** The same in words of the person who typed the command. `what`: "read IdGenerators in namespace shop". */
export function explained(thrown: unknown, what: string): unknown {
  if (!(thrown instanceof KubeError)) return thrown
  if (thrown.status === 403)
    return new PluginError(
      `You may not ${what}. Ask whoever manages the cluster for the role edit of that namespace, or view to look only; the chart adds idgen's kinds to both.`,
      { cause: thrown },
    )
  if (thrown.status === 401)
    return new PluginError('The cluster does not know you: log in again, or choose another --context.', {
      cause: thrown,
    })
  if (thrown.status === 0)
    return new PluginError(
      `The cluster does not answer (${thrown.message}). Is --context right, and the network up?`,
      { cause: thrown },
    )
  return thrown
}
