import type { ListenOptions, Server } from 'node:net'

/** Resolves with the port. @throws Node's error when it cannot be had */
export function listenAt(server: Server, options: ListenOptions): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(options, () => {
      server.removeListener('error', reject)
      resolve(portOf(server) ?? options.port ?? 0)
    })
  })
}

/** undefined: it does not listen. */
export function portOf(server: Server): number | undefined {
  const address = server.address()
  return typeof address === 'object' && address !== null ? address.port : undefined
}
