import type { DatacenterState, DeclareAnswer, DeclaredTag, TagOwner } from '../core/biz-tag-declaration.ts'
import { tagSettings } from '../core/tag-settings.ts'
import type { DeclaredPage } from './service-client.ts'

/** The service may be of another version: what an answer lacks must be told, and not show up as "undefined" somewhere. */
export function readDeclaredTag(body: unknown): DeclaredTag {
  const tag = record(body, 'the answer')
  const settings = record(tag['settings'], 'settings')
  return {
    path: {
      workspace: text(tag, 'workspace'),
      group: text(tag, 'group'),
      tag: text(tag, 'tag'),
    },
    id: String(tag['id']),
    owner: tag['owner'] === null ? undefined : readOwner(tag['owner']),
    generation: typeof tag['generation'] === 'number' ? tag['generation'] : undefined,
    chain: list(settings['chain'], 'settings.chain').map(String),
    settings: tagSettings(settings),
    datacenters: list(tag['datacenters'], 'datacenters').map(readDatacenter),
  }
}

export function readDeclareAnswer(body: unknown): DeclareAnswer {
  const { created, changed, advanced } = record(body, 'the answer')
  return {
    ...readDeclaredTag(body),
    created: created === true,
    changed: changed === true,
    advanced: list(advanced ?? [], 'advanced').map(Number),
  }
}

export function readPage(body: unknown): DeclaredPage {
  const { items, nextCursor } = record(body, 'the answer')
  return {
    items: list(items, 'items').map(readDeclaredTag),
    nextCursor: typeof nextCursor === 'string' ? nextCursor : undefined,
  }
}

function readOwner(value: unknown): TagOwner {
  const owner = record(value, 'owner')
  return {
    cluster: text(owner, 'cluster'),
    namespace: text(owner, 'namespace'),
    name: text(owner, 'name'),
    uid: text(owner, 'uid'),
    createdAt: text(owner, 'createdAt'),
  }
}

function readDatacenter(value: unknown): DatacenterState {
  const place = record(value, 'a data centre')
  const { dc, usedShare } = place
  if (typeof dc !== 'number' || typeof usedShare !== 'number')
    throw new Error('the answer has a data centre without dc and usedShare')
  return {
    dc,
    rangeStart: text(place, 'rangeStart'),
    rangeEnd: text(place, 'rangeEnd'),
    highWater: text(place, 'highWater'),
    usedShare,
  }
}

function record(value: unknown, what: string): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new Error(`${what} should be a JSON object`)
  return value as Readonly<Record<string, unknown>>
}

function list(value: unknown, what: string): readonly unknown[] {
  if (!Array.isArray(value)) throw new Error(`${what} should be a list`)
  return value as readonly unknown[]
}

function text(of: Readonly<Record<string, unknown>>, name: string): string {
  const value = of[name]
  if (typeof value !== 'string') throw new Error(`the answer has no text "${name}"`)
  return value
}
