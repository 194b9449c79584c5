import { createServer } from 'node:net'
import { runningEmbeddedUrl } from '../adapters/embedded/embedded-postgres.ts'
import type { Config } from '../config/keys.ts'
import type { Finding } from './findings.ts'

/** A running service on the same data folder holds its own ports: that is no fault. */
export async function checkPorts(findings: Finding[], config: Config): Promise<void> {
  const { http, https, grpc, resp, metrics } = config.server
  const running = config.database.url === '' && (await runningEmbeddedUrl(config.data.dir)) !== undefined
  for (const [what, { host, port }] of Object.entries({
    'http port': http,
    ...(https.cert === '' ? {} : { 'https port': { host: http.host, port: https.port } }),
    'grpc port': grpc,
    ...(resp.enabled ? { 'resp port': resp } : {}),
    'metrics port': metrics,
  })) {
    const free = await isFree(host, port)
    const found = free
      ? `${host}:${port} is free`
      : `${host}:${port} is taken${running ? ' (idgen runs on this data folder)' : '; choose another or stop what uses it'}`
    findings.push({ ok: free || running, what, found })
  }
}

function isFree(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen({ host, port }, () => server.close(() => resolve(true)))
  })
}
