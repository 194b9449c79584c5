import { FigureHistory } from './app/figure-history.ts'
import { readFigures } from './app/live-figures.ts'
import type { HttpServerOptions } from './http/server.ts'
import type { Service } from './start-use-cases.ts'
import { type AdminUiOptions, adminUi } from './ui/admin-ui.ts'
import { VERSION } from './version.ts'

/** A service with the pages that its HTTP server has besides the API. */
export interface ServiceWithPages extends Service {
  /** undefined: none. */
  readonly pages: HttpServerOptions['pages']
}

export interface UiOptions {
  /** undefined: there is no admin UI. */
  readonly sessionKey: Uint8Array | undefined
  /** This process, for people. */
  readonly node: string
  readonly endpoints: AdminUiOptions['endpoints']
  readonly grafanaUrl: string
  /** Takes in what protocol threads have counted. */
  readonly fold: () => void
}

/** The admin UI, for the HTTP server to register. */
export function newUi(
  service: Service,
  { sessionKey, node, endpoints, grafanaUrl, fold }: UiOptions,
): HttpServerOptions['pages'] {
  if (sessionKey === undefined) return undefined
  const { useCases, audit } = service
  const figures = new FigureHistory(() => readFigures({ ...service, fold }), useCases.clock)
  return (app) =>
    adminUi(app, useCases, { sessionKey, audit, figures, node, endpoints, grafanaUrl, version: VERSION })
}
