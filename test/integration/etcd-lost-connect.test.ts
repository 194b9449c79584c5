// Runs beside others: it waits for seconds where the fault would last for minutes.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { after, afterEach, before, describe, it } from 'node:test'
import { EtcdCoordinator } from '../../service/adapters/etcd/etcd-coordinator.ts'
import { RecordedFollower } from '../contracts/recorded-follower.ts'
import { rejectsWith } from '../contracts/rejects-with.ts'
import { settle } from '../fixtures/settle.ts'
import { SILENT } from '../fixtures/silent-log.ts'
import { TcpProxy } from '../fixtures/tcp-proxy.ts'
import { type EtcdCluster, testEtcd } from './etcd-server.ts'

/** Takes connections and never says a word, as a packet that is lost. */
class SilentServer {
  readonly #sockets = new Set<Socket>()
  readonly #server = createServer((socket) => {
    this.#sockets.add(socket)
    socket.on('error', () => {})
    socket.resume()
  })

  async start(): Promise<number> {
    this.#server.listen(0, '127.0.0.1')
    await once(this.#server, 'listening')
    const address = this.#server.address()
    return typeof address === 'object' && address !== null ? address.port : 0
  }

  get met(): number {
    return this.#sockets.size
  }

  close(): void {
    this.#server.close()
    for (const socket of this.#sockets) socket.destroy()
  }
}

describe('a connection that was begun while nobody had the address', () => {
  let etcd: EtcdCluster
  let nobody: SilentServer
  let proxy: TcpProxy
  let store: EtcdCoordinator
  before(async () => {
    etcd = await testEtcd()
  })
  after(() => etcd?.close())
  afterEach(async () => {
    await store?.close()
    await proxy?.close()
    nobody?.close()
  })

  /** Connections made until `come` stay silent for ever; later ones reach etcd. */
  async function behindSilence(timeoutMs: number): Promise<{ come: () => void }> {
    nobody = new SilentServer()
    proxy = await TcpProxy.start({ host: '127.0.0.1', port: await nobody.start() })
    store = new EtcdCoordinator({
      endpoints: [`http://${proxy.address}`],
      prefix: '/idgen',
      timeoutMs,
      log: SILENT,
    })
    const { hostname: host, port } = new URL(etcd.endpoints[0] ?? '')
    return { come: () => proxy.point({ host, port: Number(port) }) }
  }

  it('is made anew, and calls are answered within seconds', async () => {
    const { come } = await behindSilence(300)
    const error = await rejectsWith('IDGEN_COORDINATION_UNAVAILABLE', store.get('/silent/a'))
    assert.match(error.message, /no answer within|DEADLINE/)
    come()
    // The time comes by another way: that it is answered must not hide that the connection hangs.
    assert.ok((await store.nowMs()) > 0)
    const startMs = performance.now()
    let tries = 0
    while ((await store.health()) !== undefined) {
      tries += 1
      await store.nowMs()
      assert.ok(performance.now() - startMs < 15_000, 'the connection still hangs')
    }
    assert.ok(tries > 0, 'it hung at first, or this test shows nothing')
    assert.equal(nobody.met, 1, 'no connection but the first met nobody')
  })

  it('does not keep a prefix from being followed', async () => {
    const { come } = await behindSilence(1000)
    const follower = new RecordedFollower()
    using _ = store.follow('/silent/', follower)
    await settle()
    come()
    const startMs = performance.now()
    while (follower.snapshots === 0) {
      assert.ok(performance.now() - startMs < 15_000, 'the connection still hangs')
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  })
})
