import { reason } from './etcd-error.ts'
import type { Member } from './etcd-members.ts'

/** What one member says of itself. */
export interface EtcdMemberFacts {
  /** Host and port. */
  readonly endpoint: string
  /** Why it does not answer; undefined: it does, and the rest is known. */
  readonly fault: string | undefined
  readonly version: string
  /** Of its database, on disk. */
  readonly bytes: number
  /** Its own complaints, alarms of the cluster among them. */
  readonly errors: readonly string[]
  /** Whether it knows a leader. */
  readonly leader: boolean
}

/** Asks each member by itself, all at once. Never rejects. */
export function memberFacts(members: readonly Member[], deadlineMs: number): Promise<EtcdMemberFacts[]> {
  return Promise.all(members.map((member) => factsOf(member, deadlineMs)))
}

async function factsOf({ endpoint, client }: Member, deadlineMs: number): Promise<EtcdMemberFacts> {
  const unknown = {
    endpoint: `${endpoint.host}:${endpoint.port}`,
    version: '',
    bytes: 0,
    errors: [],
    leader: false,
  }
  const late = Promise.withResolvers<never>()
  const timer = setTimeout(() => late.reject(new Error(`no answer within ${deadlineMs} ms`)), deadlineMs)
  try {
    const asked = client.maintenance.status({ deadline: Date.now() + deadlineMs })
    const { version, dbSize, errors, leader } = await Promise.race([asked, late.promise])
    return {
      ...unknown,
      fault: undefined,
      version,
      bytes: Number(dbSize),
      errors,
      leader: Number(leader) !== 0,
    }
  } catch (thrown) {
    return { ...unknown, fault: reason(thrown) }
  } finally {
    clearTimeout(timer)
  }
}
