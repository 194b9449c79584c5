import { hostname } from 'node:os'
import type { Config } from './config/keys.ts'

/** Who holds a worker id or allocated a segment, for people who read the tables. */
export function instanceName(config: Config): string {
  return `${config.server.nodeName || hostname()}/${process.pid}`
}
