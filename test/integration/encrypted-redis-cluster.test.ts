// Runs beside others: it waits for Redis as long as a busy machine needs, and asserts on no time.

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { RedisClient } from '../../service/adapters/redis/redis-client.ts'
import { selfSigned } from '../fixtures/self-signed.ts'
import { redisClient, untilWell } from './redis-clients.ts'
import { type TestRedisCluster, testRedisCluster } from './redis-server.ts'

describe('a Redis cluster over TLS whose certificate is for a name', () => {
  const certificate = selfSigned('cluster', { nameOnly: true })
  const ca = Buffer.from(certificate.cert)
  let cluster: TestRedisCluster
  const clients: RedisClient[] = []
  const client = (endpoints: readonly string[], known: Buffer): RedisClient => {
    const made = redisClient(endpoints, true, { ca: known })
    clients.push(made)
    return made
  }
  before(async () => {
    cluster = await testRedisCluster(certificate)
  })
  after(() => clients.forEach((one) => one.close()))

  it('is reached by that name on every node, and on those that took over', async () => {
    const one = client(cluster.endpoints.slice(0, 1), ca)
    await untilWell(one)
    const [master] = cluster.nodes
    assert.ok(master)
    await cluster.failOver(master, false)
    await cluster.settled()
    await untilWell(one)
  })

  it('is left alone where its certificate is not known, and the reason is said', async () => {
    const stranger = client(cluster.endpoints, Buffer.from(selfSigned('somebody else').cert))
    await untilFault(
      stranger,
      /no node of the cluster could be asked, the last one was localhost:\d+: self-signed certificate/,
    )
  })

  it('ends nobody who stops in the middle of a handshake that fails, at whatever moment', async () => {
    const stranger = Buffer.from(selfSigned('somebody else').cert)
    // An error that nobody listens for would be an uncaught one, which fails this file.
    for (let moment = 0; moment < 20; moment += 1) {
      const one = redisClient(cluster.endpoints, true, { ca: stranger })
      await new Promise((resolve) => setTimeout(resolve, 4 * moment))
      one.close()
    }
  })

  it('is left alone by who asks for an address that the certificate does not name', async () => {
    const byAddress = cluster.nodes.map(({ port }) => `rediss://127.0.0.1:${port}`)
    await untilFault(client(byAddress, ca), /the last one was 127.0.0.1:\d+: .*does not match certificate/)
  })
})

async function untilFault(client: RedisClient, fault: RegExp): Promise<void> {
  for (let tries = 0; !fault.test(client.fault ?? ''); tries += 1) {
    assert.ok(tries < TRIES_MAX, `it says instead: ${client.fault}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

/** Half a minute, for a busy machine. */
const TRIES_MAX = 600
