import { hash } from 'node:crypto'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import type { Actor } from '../app/actor.ts'
import type { TagRequest } from '../app/tag-request.ts'
import { unlessPresent } from '../app/unless-present.ts'
import type { UseCases } from '../app/use-cases.ts'
import { IdgenError } from '../core/errors.ts'
import { shellWord } from './shell-word.ts'

/** One tag per algorithm, so that a newcomer sees each kind of ID. */
const TAGS: readonly { readonly name: string; readonly request: TagRequest }[] = [
  { name: 'orders', request: { algorithm: 'segment', displayName: 'Order numbers' } },
  { name: 'events', request: { algorithm: 'snowflake', displayName: 'Event ids, ordered by time' } },
  { name: 'sessions', request: { algorithm: 'uuid-v7', displayName: 'Session ids, ordered by time' } },
  { name: 'coupons', request: { algorithm: 'uuid-v4', displayName: 'Coupon codes nobody can guess' } },
]

const WORKSPACE = 'demo'
const GROUP = 'shop'
/** Where the service that was started is reached. */
export interface QuickstartAddress {
  readonly origin: string
  /** File with the certificate that a client must trust; left out: none. */
  readonly trusts?: string
  /** Whether there is an admin UI. */
  readonly hasPages: boolean
}

const ACTOR: Actor = { actor: 'cli', traceId: undefined }

/** Makes the demo workspace, its tags and a key; what is there already stays. Returns the text to print. */
export async function quickstart(
  useCases: UseCases,
  dataFolder: string,
  address: QuickstartAddress,
): Promise<string> {
  const { catalog } = useCases
  await unlessPresent(() => catalog.createWorkspace(ACTOR, WORKSPACE, 'Demo'))
  await unlessPresent(() => catalog.createGroup(ACTOR, WORKSPACE, GROUP, 'Shop'))
  for (const { name, request } of TAGS)
    await unlessPresent(() => catalog.createTag(ACTOR, { workspace: WORKSPACE, group: GROUP, name }, request))
  const keyFile = join(dataFolder, 'quickstart-key')
  return greeting(await demoKey(useCases, keyFile), keyFile, address)
}

/** The key's text is kept in a file only its owner can read, because the store has nothing but its hash. */
async function demoKey(useCases: UseCases, file: string): Promise<string> {
  const kept = await readFile(file, 'utf8').catch(() => '')
  if (kept !== '' && (await isValid(useCases, kept))) return kept
  const text = await anotherKey(useCases, file)
  // With a database elsewhere nothing has made the folder yet.
  await mkdir(dirname(file), { recursive: true })
  // At once under its name, for who waits for it there: half of a key is none.
  await writeFile(`${file}.new`, text, { mode: 0o600 })
  await rename(`${file}.new`, file)
  return text
}

async function isValid({ authenticator }: UseCases, text: string): Promise<boolean> {
  try {
    await authenticator.authenticate(text)
    return true
  } catch (thrown) {
    const error = IdgenError.from(thrown)
    // A store that does not answer says nothing about the key, and another one would end it.
    if (error.code !== 'IDGEN_UNAUTHENTICATED') throw error
    return false
  }
}

/**
 * The one key of this place, so that whoever had it before has none any more: a place that forgets (a folder in memory, a
 * container) would else leave a key that may do everything at each start. One that somebody revoked stays so, and has a
 * successor.
 */
async function anotherKey(useCases: UseCases, file: string, turn = 0): Promise<string> {
  const draft = {
    name: 'quickstart',
    // With `audit`, so that no page of the admin UI is missing for who sees it first.
    scopes: ['issue', 'manage', 'audit'] as const,
    within: '',
    expiresAt: undefined,
  }
  try {
    return (await useCases.keys.makeAnew(ACTOR, keyIdAt(file, turn), draft)).text
  } catch (thrown) {
    const error = IdgenError.from(thrown)
    if (error.code !== 'IDGEN_KEY_REVOKED' || turn === REVOKED_MAX) throw error
    return anotherKey(useCases, file, turn + 1)
  }
}

/** 12 hex digits. */
function keyIdAt(file: string, turn: number): string {
  return hash('sha256', `${resolve(file)} ${turn}`, 'hex').slice(0, 12)
}

/** Keys of one place that were revoked by hand: far more than anybody does, and an end to looking for one that was not. */
const REVOKED_MAX = 100

function greeting(keyText: string, keyFile: string, { origin, hasPages, trusts }: QuickstartAddress): string {
  const path = `${origin}/v1/workspaces/${WORKSPACE}/groups/${GROUP}/tags`
  return [
    '',
    'idgen is ready. Paste this to get your first three IDs:',
    '',
    `  curl -s ${trusts === undefined ? '' : `--cacert ${shellWord(trusts)} `}${path}/orders/ids -H 'Authorization: Bearer ${keyText}' -H 'Content-Type: application/json' -d '{"count":3}'`,
    '',
    ...(hasPages
      ? [`In a browser: ${origin}/ui, where you sign in with the key above (it is kept in ${keyFile}).`]
      : []),
    `Tags: ${TAGS.map(({ name, request }) => `${name} (${request.algorithm})`).join(', ')}. All calls: ${origin}/docs`,
    'Stop with Ctrl-C; the next start goes on above every ID given.',
    '',
  ].join('\n')
}
