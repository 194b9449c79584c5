import type * as Http from 'node:http'
import type * as Https from 'node:https'

/**
 * node:http and node:https, for who speaks HTTP alone, and without `import`: that reads every name a module exports, and
 * reading node:http's WebSocket loads Node's whole HTTP client, fetch and all, which nobody uses here: 2 MB of heap.
 * loaded-modules.test.ts holds it.
 */
export function nodeHttp(): NodeHttp {
  return { http: process.getBuiltinModule('node:http'), https: process.getBuiltinModule('node:https') }
}

export interface NodeHttp {
  readonly http: typeof Http
  readonly https: typeof Https
}
