/** Open to everybody, answered whatever the limits say, and with places of their own on the way between threads. */
const PROBES: ReadonlySet<string> = new Set(['/livez', '/readyz'])

/** Whether an orchestrator asks how this process is: a limit that it ran into would make a pod look dead. */
export function isProbe({ method, url = '' }: AskedRequest): boolean {
  return (method === 'GET' || method === 'HEAD') && PROBES.has(url.split('?', 1)[0] ?? '')
}

interface AskedRequest {
  readonly method?: string | undefined
  readonly url?: string | undefined
}
