import type { KeyRow } from './key-row.ts'

/** Endpoints of other ID services, for clients that stay as they are (docs/migration.md). */
export const COMPATIBILITY_KEYS = {
  'server.compatibility.leaf': {
    kind: 'boolean',
    default: false,
    reload: 'restart',
    local: true,
    doc: 'Whether HTTP answers as Leaf does, at /api/segment/get/{key} and /api/snowflake/get/{key}.',
  },
  'server.compatibility.leafKey': {
    kind: 'string',
    default: '',
    emptyMeans: 'none: every caller sends a key of its own',
    secret: true,
    reload: 'restart',
    doc: 'API key of those who call the endpoints of Leaf without one, which Leaf’s clients do: a key with the scope issue, limited to server.compatibility.group. Whoever reaches the port gets IDs then.',
  },
  'server.compatibility.tinyid': {
    kind: 'boolean',
    default: false,
    reload: 'restart',
    doc: 'Whether HTTP answers as tinyid does, at /tinyid/id/nextId, nextIdSimple, nextSegmentId and nextSegmentIdSimple. The token is an API key.',
  },
  'server.compatibility.group': {
    kind: 'string',
    default: '',
    emptyMeans: 'none, and no endpoints of others',
    reload: 'restart',
    local: true,
    doc: 'workspace/group that the keys of Leaf and the bizTypes of tinyid are tags of.',
  },
} as const satisfies Record<string, KeyRow>
