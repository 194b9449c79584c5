import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

export interface CuttingProxy {
  readonly port: number
  /** Connections cut so far. */
  readonly cuts: number
  /** Ends each connection right after this many pieces came from the server; undefined: never. */
  cutAfter: number | undefined
  /** true: ends all connections, and every new one at once. */
  refuse(refuse: boolean): void
  close(): Promise<void>
}

/** Stands between a client and a server and cuts conversations in the middle, always at the same point of them. */
export async function cuttingProxy(targetPort: number): Promise<CuttingProxy> {
  const sockets = new Set<Socket>()
  const proxy = { port: 0, cuts: 0, cutAfter: undefined as number | undefined, refuse, close }
  let refusing = false
  const server = createServer((client) => {
    if (refusing) {
      client.destroy()
      return
    }
    const upstream = connect(targetPort, '127.0.0.1')
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.setNoDelay(true)
      socket.on('error', () => {})
      socket.on('close', () => {
        sockets.delete(socket)
        client.destroy()
        upstream.destroy()
      })
    }
    let pieces = 0
    client.on('data', (bytes) => upstream.write(bytes))
    upstream.on('data', (bytes) => {
      client.write(bytes)
      pieces += 1
      if (pieces !== proxy.cutAfter) return
      proxy.cuts += 1
      client.end()
      upstream.destroy()
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  proxy.port = typeof address === 'object' && address !== null ? address.port : 0
  return proxy

  function refuse(on: boolean): void {
    refusing = on
    if (on) for (const socket of sockets) socket.destroy()
  }

  async function close(): Promise<void> {
    const closed = once(server, 'close')
    server.close()
    for (const socket of sockets) socket.destroy()
    await closed
  }
}
