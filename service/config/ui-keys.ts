import type { KeyRow } from './key-row.ts'

/** The pages for people. */
export const UI_KEYS = {
  'server.ui.enabled': {
    kind: 'boolean',
    default: true,
    reload: 'restart',
    doc: 'Whether the HTTP port serves the admin UI at /ui, to who signs in with an API key that may manage or audit. false: there is nothing at /ui.',
  },
} as const satisfies Record<string, KeyRow>
