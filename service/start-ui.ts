import type { HttpServerOptions } from './http/server.ts'
import type { Service } from './start-use-cases.ts'
import { adminUi } from './ui/admin-ui.ts'
import { VERSION } from './version.ts'

/** A service with the pages that its HTTP server has besides the API. */
export interface ServiceWithPages extends Service {
  /** undefined: none. */
  readonly pages: HttpServerOptions['pages']
}

/** The admin UI, for the HTTP server to register. `sessionKey` undefined: there is none. */
export function newUi(
  { useCases, audit }: Service,
  sessionKey: Uint8Array | undefined,
): HttpServerOptions['pages'] {
  if (sessionKey === undefined) return undefined
  return (app) => adminUi(app, useCases, { sessionKey, audit, version: VERSION })
}
