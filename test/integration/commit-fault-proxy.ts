import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

/** What the proxy does when it sees the client's COMMIT. */
export type CommitFault =
  | 'none'
  /** The server never sees it; the connection is closed. */
  | 'drop-before'
  /** The server commits; the connection is closed instead of the answer. */
  | 'drop-after'
  /** The server commits; its answer comes with WARNING 01000, as after a cancelled wait for the standby. */
  | 'warning'
  /** The server rolls back and answers ROLLBACK. */
  | 'rollback'
  /** Nothing happens any more on this connection. */
  | 'hang'

export interface CommitFaultProxy {
  readonly url: string
  fault: CommitFault
  close(): Promise<void>
}

/** Stands between pg and a real server, and spoils commits. */
export async function commitFaultProxy(url: string): Promise<CommitFaultProxy> {
  const target = new URL(url)
  const sockets = new Set<Socket>()
  const server = createServer((client) => {
    const upstream = connect(Number(target.port), target.hostname)
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.on('error', () => {})
      socket.on('close', () => {
        sockets.delete(socket)
        client.destroy()
        upstream.destroy()
      })
    }
    let armed: CommitFault = 'none'
    client.on('data', (sent) => {
      armed = sent.includes('COMMIT\0') ? proxy.fault : 'none'
      if (armed === 'drop-before') client.destroy()
      else if (armed === 'rollback') upstream.write(simpleQuery('ROLLBACK'))
      else if (armed !== 'hang') upstream.write(sent)
    })
    upstream.on('data', (answered) => {
      if (armed === 'drop-after') client.destroy()
      else client.write(armed === 'warning' ? Buffer.concat([WARNING, answered]) : answered)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const own = new URL(url)
  own.hostname = '127.0.0.1'
  own.port = String(typeof address === 'object' && address !== null ? address.port : 0)
  const proxy: CommitFaultProxy = {
    url: own.href,
    fault: 'none',
    async close() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
  return proxy
}

/** PostgreSQL documentation, "Message Formats": a letter, the length of the rest with itself, the body. */
function message(kind: string, body: string): Buffer {
  const bytes = Buffer.alloc(5 + Buffer.byteLength(body))
  bytes.write(kind, 0)
  bytes.writeInt32BE(bytes.length - 1, 1)
  bytes.write(body, 5)
  return bytes
}

function simpleQuery(text: string): Buffer {
  return message('Q', `${text}\0`)
}

const WARNING = message(
  'N',
  'SWARNING\0VWARNING\0C01000\0Mcanceling wait for synchronous replication due to user request\0\0',
)
