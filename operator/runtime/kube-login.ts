import type { Agent, RequestOptions } from 'node:https'
import { KubeConfig } from '@kubernetes/client-node'
import { AgentCache, type Credentials, type KubeConnection } from './kube-connection.ts'

/** Whatever login @kubernetes/client-node can do. Loaded only where it is needed (see kubeconfig.ts). */
export function loginConnection(config: KubeConfig = loginConfig()): KubeConnection {
  const cluster = config.getCurrentCluster()
  if (cluster === null) throw new Error('the kubeconfig names no current cluster')
  const server = cluster.server.replace(/\/$/, '')
  const agents = new AgentCache()
  return {
    server,
    credentials: async (): Promise<Credentials> => {
      const options: RequestOptions = {}
      await config.applyToHTTPSOptions(options)
      const headers = Object.entries(options.headers ?? {}).map(([name, value]) => [
        name.toLowerCase(),
        String(value),
      ])
      if (typeof options.auth === 'string')
        headers.push(['authorization', `Basic ${Buffer.from(options.auth).toString('base64')}`])
      // Its own agent stays the same when a login gives a new certificate; for a proxy there is no other.
      const { ca, cert, key, servername, rejectUnauthorized } = options as Record<string, never>
      const agent =
        cluster.proxyUrl === undefined
          ? agents.for(server, { ca, cert, key, servername, rejectUnauthorized })
          : (options.agent as Agent)
      return { agent, headers: Object.fromEntries(headers) as Record<string, string> }
    },
    forget: () => false,
    close: () => agents.close(),
  }
}

/** As KUBECONFIG of the process, or its home, has it. */
export function loginConfig(context?: string): KubeConfig {
  const config = new KubeConfig()
  config.loadFromDefault()
  if (context === undefined) return config
  const names = config.getContexts().map(({ name }) => name)
  if (!names.includes(context))
    throw new Error(`the kubeconfig has no context "${context}"; it has ${names.join(', ')}`)
  config.setCurrentContext(context)
  return config
}
