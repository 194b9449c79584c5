import { KubeError } from '../runtime/kube-client.ts'

/**
 * The API server takes this very object from nobody, or not from us: a quota, a policy, a role, its schema. People must
 * hear of it. All else is about how the server is, who we are, or what somebody wrote a moment before.
 */
export function isRefusal(thrown: unknown): thrown is KubeError {
  return (
    thrown instanceof KubeError &&
    thrown.status >= 400 &&
    thrown.status < 500 &&
    ![401, 408, 409, 429].includes(thrown.status)
  )
}
