import { SCOPES } from '../ports/api-key-store.ts'
import { component, DISPLAY_NAME, object, TIME, TIME_OR_NULL } from './entity-schemas.ts'
import { PRINTABLE_PATTERN } from './name-pattern.ts'

const KEY_SETTINGS = {
  name: { ...DISPLAY_NAME, minLength: 1, description: 'For people: what the key is for.' },
  scopes: {
    type: 'array',
    minItems: 1,
    maxItems: SCOPES.length,
    uniqueItems: true,
    items: { type: 'string', enum: SCOPES },
    description:
      'issue: ask for IDs. manage: workspaces, groups, tags, keys. audit: read the audit log. alert: write alerts to it.',
  },
  within: {
    type: 'string',
    maxLength: 200,
    default: '',
    description: 'What the key is limited to: `w`, `w/g` or `w/g/t`; empty for everything.',
  },
  expiresAt: { ...TIME, description: 'Left out: the key does not expire.' },
} as const
export const CREATE_KEY_SCHEMA = object(KEY_SETTINGS, ['name', 'scopes'])
export const PUT_KEY_SCHEMA = object(
  {
    ...KEY_SETTINGS,
    sha256: {
      type: 'string',
      pattern: '^[0-9a-f]{64}$',
      description:
        'SHA-256 of the key text `idg_<id>_<43 of A-Z a-z 0-9>`, which you made of random bytes and keep.',
    },
    declaredBy: {
      type: 'string',
      minLength: 1,
      maxLength: 253,
      pattern: PRINTABLE_PATTERN,
      description:
        'Uid of the object that declares the tag `within`: the key ends when it no longer does. Left out: it ends when it is revoked.',
    },
  },
  ['name', 'scopes', 'sha256'],
)

export const ROTATE_KEY_SCHEMA = object(
  {
    keepPreviousSeconds: {
      type: 'integer',
      minimum: 0,
      maximum: 7_776_000,
      default: 86_400,
      description:
        'How long the secret that was valid until now stays valid: a day unless you say otherwise, 90 days at most.',
    },
    ends: {
      type: 'string',
      enum: ['oldest', 'newest'],
      description:
        'Only needed while two secrets are valid: `newest` ends the one of the last rotation, whose text was lost, and the one before stays valid; `oldest` ends the one before.',
    },
  },
  [],
)

const KEY_FIELDS = {
  id: { type: 'string', description: 'The public part of the key, as logs and the audit log name it.' },
  name: { type: 'string' },
  scopes: { type: 'array', items: { type: 'string', enum: SCOPES } },
  within: { type: 'string' },
  createdAt: TIME,
  expiresAt: TIME_OR_NULL,
  revokedAt: TIME_OR_NULL,
  previousValidUntil: {
    ...TIME_OR_NULL,
    description: 'Until when the secret before the last rotation is valid, or was; null: there was none.',
  },
  lastUsedAt: {
    ...TIME_OR_NULL,
    description:
      'When it was last used, with either of its secrets, known to within about a minute; null: never, or not yet known.',
  },
  declaredBy: {
    type: ['string', 'null'],
    description:
      'Uid of the object with whose declaration of the tag `within` the key ends; null: with none.',
  },
} as const
export const KEY_SCHEMA = component('ApiKey', KEY_FIELDS)
export const NEW_KEY_SCHEMA = component('NewApiKey', {
  ...KEY_FIELDS,
  key: { type: 'string', description: 'The key itself. Shown this once; idgen keeps only its SHA-256.' },
})
