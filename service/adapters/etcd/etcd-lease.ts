import type { CallOptions } from '@grpc/grpc-js'
import { castGrpcError, EtcdLeaseInvalidError, type ILeaseKeepAliveResponse } from 'etcd3'
import { EtcdNoAnswer } from './etcd-error.ts'
import type { EtcdMembers, Member } from './etcd-members.ts'

/** Leases by the raw calls. etcd3's own Lease reports a loss long after another process took the key. */
export async function grantLease(members: EtcdMembers, ttlMs: number): Promise<string> {
  const ttl = Math.max(1, Math.ceil(ttlMs / 1000))
  const granted = await members.call({
    doing: `taking a lease of ${ttl} s`,
    // A second one is left over and runs out.
    repeatable: true,
    run: ({ client }, options) => client.leaseClient.leaseGrant({ TTL: ttl, ID: 0 }, options),
  })
  return granted.ID
}

export async function keepAlive(members: EtcdMembers, leaseId: string): Promise<boolean> {
  return await members.call({
    doing: `keeping lease ${leaseId} alive`,
    repeatable: true,
    run: (member, options) => keepAliveOnce(member, leaseId, options),
  })
}

export async function revokeLease(members: EtcdMembers, leaseId: string): Promise<void> {
  await members.call({
    doing: `giving lease ${leaseId} back`,
    repeatable: true,
    run: async ({ client }, options) => {
      try {
        await client.leaseClient.leaseRevoke({ ID: leaseId }, options)
      } catch (thrown) {
        if (!(thrown instanceof EtcdLeaseInvalidError)) throw thrown
      }
    },
  })
}

/** One question and one answer on a stream of its own: nothing stays open that could die unnoticed. */
async function keepAliveOnce({ client }: Member, leaseId: string, options: CallOptions): Promise<boolean> {
  const stream = await client.leaseClient.leaseKeepAlive(options)
  return await new Promise((resolve, reject) => {
    // Stays attached: an 'error' nobody listens to would end the process.
    stream.on('error', (error) => reject(castGrpcError(error)))
    stream.on('end', () => reject(new EtcdNoAnswer('the stream ended without an answer')))
    stream.on('data', ({ TTL }: ILeaseKeepAliveResponse) => {
      resolve(Number(TTL) > 0)
      stream.end()
    })
    stream.write({ ID: leaseId })
  })
}
