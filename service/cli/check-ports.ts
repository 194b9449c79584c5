import { createServer } from 'node:net'
import { runningEmbeddedUrl } from '../adapters/embedded/embedded-postgres.ts'
import type { Config } from '../config/keys.ts'
import { bad, type Finding, good } from '../core/finding.ts'

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
    const place = `${host}:${port}`
    if (free) findings.push(good(what, `${place} is free`))
    else if (running) findings.push(good(what, `${place} is taken (idgen runs on this data folder)`))
    else findings.push(bad(what, `${place} is taken`, 'Choose another port, or stop what uses it.'))
  }
}

function isFree(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen({ host, port }, () => server.close(() => resolve(true)))
  })
}
