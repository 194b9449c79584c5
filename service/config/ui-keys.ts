import type { KeyRow } from './key-row.ts'

/** The pages for people. */
export const UI_KEYS = {
  'server.ui.enabled': {
    kind: 'boolean',
    default: true,
    reload: 'restart',
    doc: 'Whether the HTTP port serves the admin UI at /ui, to who signs in with an API key that may manage or audit. false: there is nothing at /ui.',
  },
  'server.ui.grafanaUrl': {
    kind: 'url',
    default: '',
    schemes: ['http', 'https'],
    emptyMeans: 'charts of its own',
    reload: 'restart',
    doc: 'Where browsers reach a Grafana that has the dashboards of idgen (dashboards/): the admin UI frames panels of it, with time range and business unit. That Grafana must allow to be embedded (allow_embedding).',
  },
} as const satisfies Record<string, KeyRow>
