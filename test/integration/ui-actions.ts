import { TAGS_MAX } from '../../service/ui/pages/batch-page.ts'
import { LINES_MAX } from '../../service/ui/pages/new-batch-page.ts'
import { KEY } from './embedded-service.ts'

type Fields = readonly (readonly [name: string, value: string])[]

/** A form that is sent; each look is at things of its own, so that each does the whole work. */
export interface UiAction {
  /** As it is registered: `POST /ui/…`. */
  readonly route: string
  readonly what: string
  /** `look`: 0 to LOOKS - 1. */
  readonly path: (look: number) => string
  readonly fields: (look: number) => Fields
  /** In the answer: that it was done, and not refused. A number is a status, with which there is no page. */
  readonly done: RegExp | 303
  /** Of how many tags it is; left out: of one, or none. */
  readonly count?: number
}

/** Of each action. */
export const LOOKS = 3
/** is about 50 tags in a batch. */
export const BATCH = 50

const SETTINGS: Fields = Object.entries({
  chain: 'segment',
  base: '1000',
  min: '1000',
  max: '100000',
  startAt: '1',
  cellSize: '',
  dcCount: '1',
})

/** Tags that ui-speed.test.ts fills in, `first` and what follows it. */
function many(first: number, count = 1): readonly string[] {
  return Array.from({ length: count }, (_, at) => `w/g/many-${first + at}`)
}

function tag(first: number, more = ''): (look: number) => string {
  return (look) => `/ui/tags/${many(first + look)}${more}`
}

interface Batch {
  readonly what: string
  readonly fields: Fields
  readonly done: (count: number) => RegExp
}

/** `count` tags from `many-FIRST` on, others at each look. */
function batch({ what, fields, done }: Batch, first: number, count = BATCH): UiAction {
  return {
    route: 'POST /ui/tags/batch',
    what: `${what} ${count} tags`,
    path: () => '/ui/tags/batch',
    fields: (look) => [...fields, ...many(first + look * count, count).map((one) => ['tag', one] as const)],
    done: done(count),
    count,
  }
}

function newBatch({ what, fields, done }: Batch, count = BATCH): UiAction {
  const lines = (look: number): string =>
    Array.from({ length: count }, (_, at) => `w/g/line-${count}-${look}-${at} segment 1000`).join('\n')
  return {
    route: 'POST /ui/tags/new-batch',
    what: `${what} ${count} new tags`,
    path: () => '/ui/tags/new-batch',
    fields: (look) => [['lines', lines(look)], ...fields],
    done: done(count),
    count,
  }
}

/** `keys`: one for each look at each action that ends one. */
export function uiActions(keys: {
  readonly rotated: readonly string[]
  readonly revoked: readonly string[]
}): UiAction[] {
  return [...OPEN, ...TAGS, ...BATCHES, ...LARGEST, ...CATALOGUE, ...keyActions(keys)]
}

const OPEN: readonly UiAction[] = [
  {
    route: 'POST /ui/sign-in',
    what: 'sign in',
    path: () => '/ui/sign-in',
    fields: () => [['key', KEY]],
    done: 303,
  },
  { route: 'POST /ui/sign-out', what: 'sign out', path: () => '/ui/sign-out', fields: () => [], done: 303 },
  {
    route: 'POST /ui/preferences',
    what: 'choose a language',
    path: () => '/ui/preferences',
    fields: () => [['language', 'en']],
    done: 303,
  },
]

const TAGS: readonly UiAction[] = [
  {
    route: 'POST /ui/tags/new',
    what: 'make a tag',
    path: () => '/ui/tags/new',
    fields: (look) => [['workspace', 'w'], ['group', 'g'], ['tag', `new-${look}`], ...SETTINGS],
    done: 303,
  },
  {
    route: 'POST /ui/tags/check',
    what: 'check a tag',
    path: () => '/ui/tags/check',
    fields: () => SETTINGS,
    done: /1,000 numbers at a time/,
  },
  {
    route: 'POST /ui/tags/:workspace/:group/:tag',
    what: 'take IDs',
    path: tag(100),
    fields: () => [['count', '10']],
    done: /Given by segment/,
  },
  {
    route: 'POST /ui/tags/:workspace/:group/:tag/edit',
    what: 'change a tag',
    path: tag(200, '/edit'),
    fields: () => [
      ['chain', 'segment'],
      ['base', '2000'],
      ['min', '1000'],
      ['max', '100000'],
    ],
    done: 303,
  },
  {
    route: 'POST /ui/tags/:workspace/:group/:tag/delete',
    what: 'delete a tag',
    path: tag(300, '/delete'),
    fields: (look) => [['confirm', `${many(300 + look)}`]],
    done: 303,
  },
]

const CONFIRMED = ['confirmed', 'yes'] as const
const ANOTHER_STEP = [
  ['action', 'step'],
  ['base', '2000'],
] as const

const allOf =
  (did: string) =>
  (count: number): RegExp =>
    new RegExp(`${count} of ${count} ${did}`)
const WOULD_CHANGE = allOf('would be changed')
const WERE_CHANGED = allOf('were changed')

const LOOK_AT_STEP: Batch = { what: 'look at a step of', fields: ANOTHER_STEP, done: WOULD_CHANGE }
const SET_STEP: Batch = { what: 'set a step of', fields: [...ANOTHER_STEP, CONFIRMED], done: WERE_CHANGED }
const SET_CHAIN: Batch = {
  what: 'set the algorithms of',
  fields: [['action', 'chain'], ['chain', 'segment'], ['chain', 'snowflake'], CONFIRMED],
  done: WERE_CHANGED,
}
const DELETE: Batch = { what: 'delete', fields: [['action', 'delete'], CONFIRMED], done: WERE_CHANGED }
const LOOK_AT_NEW: Batch = { what: 'look at', fields: [], done: allOf('would be made') }
const MAKE: Batch = { what: 'make', fields: [CONFIRMED], done: allOf('were made') }

const BATCHES: readonly UiAction[] = [
  batch(LOOK_AT_STEP, 1000),
  batch(SET_STEP, 1000),
  batch(SET_CHAIN, 2000),
  batch(DELETE, 3000),
  newBatch(LOOK_AT_NEW),
  newBatch(MAKE),
]

/** The largest that are not refused: twice and four times the batch that speaks of. */
const LARGEST: readonly UiAction[] = [
  batch(LOOK_AT_STEP, 4000, TAGS_MAX),
  batch(SET_STEP, 4000, TAGS_MAX),
  batch(SET_CHAIN, 5000, TAGS_MAX),
  batch(DELETE, 6000, TAGS_MAX),
  newBatch(LOOK_AT_NEW, LINES_MAX),
  newBatch(MAKE, LINES_MAX),
]

const WORKSPACE = 'POST /ui/workspaces/:workspace'

const CATALOGUE: readonly UiAction[] = [
  {
    route: 'POST /ui/workspaces',
    what: 'make a workspace',
    path: () => '/ui/workspaces',
    fields: (look) => [['name', `new-${look}`]],
    done: 303,
  },
  {
    route: WORKSPACE,
    what: 'make a group',
    path: (look) => `/ui/workspaces/new-${look}`,
    fields: () => [['name', 'new']],
    done: 303,
  },
  {
    route: WORKSPACE,
    what: 'rename a workspace',
    path: (look) => `/ui/workspaces/new-${look}`,
    fields: () => [
      ['action', 'rename'],
      ['displayName', 'New'],
    ],
    done: 303,
  },
  {
    route: `${WORKSPACE}/groups/:group`,
    what: 'rename a group',
    path: (look) => `/ui/workspaces/new-${look}/groups/new`,
    fields: () => [['displayName', 'New']],
    done: 303,
  },
  {
    route: `${WORKSPACE}/groups/:group/delete`,
    what: 'delete a group',
    path: (look) => `/ui/workspaces/new-${look}/groups/new/delete`,
    fields: () => [['confirm', 'new']],
    done: 303,
  },
  {
    route: `${WORKSPACE}/delete`,
    what: 'delete a workspace',
    path: (look) => `/ui/workspaces/new-${look}/delete`,
    fields: (look) => [['confirm', `new-${look}`]],
    done: 303,
  },
]

function keyActions({ rotated, revoked }: Parameters<typeof uiActions>[0]): UiAction[] {
  return [
    {
      route: 'POST /ui/keys',
      what: 'make an API key',
      path: () => '/ui/keys',
      fields: (look) => [
        ['name', `new ${look}`],
        ['scope', 'issue'],
      ],
      done: /idg_/,
    },
    {
      route: 'POST /ui/keys/:key/rotate',
      what: 'give an API key another secret',
      path: (look) => `/ui/keys/${rotated[look]}/rotate`,
      fields: () => [['hours', '24']],
      done: /idg_/,
    },
    {
      route: 'POST /ui/keys/:key/revoke',
      what: 'revoke an API key',
      path: (look) => `/ui/keys/${revoked[look]}/revoke`,
      fields: () => [['sure', 'yes']],
      done: 303,
    },
  ]
}
