import { CallerKeys } from '../app/caller-keys.ts'
import type { UsedKey } from '../app/manage-keys.ts'
import type { UseCases } from '../app/use-cases.ts'
import { IdgenError } from '../core/errors.ts'
import { SCOPES, type Scope, type SecretToEnd } from '../ports/api-key-store.ts'
import type { UnaryMethod } from './call.ts'
import {
  type Key,
  KeyServiceDefinition,
  Scope as ScopeEnum,
  SecretToEnd as SecretEnum,
} from './generated/idgen/v1/key_service.ts'
import { type Handlers, unaryMethods } from './method-table.ts'
import { pageRequest, pageToken } from './page-token.ts'
import { unary } from './unary.ts'

/** A key that is limited to a part of the catalogue manages only keys limited to that part or less. */
export function keyMethods(useCases: UseCases): UnaryMethod[] {
  return unaryMethods(KeyServiceDefinition, keyCalls(useCases))
}

function keyCalls(useCases: UseCases): Handlers<KeyServiceDefinition['methods']> {
  const { keys } = useCases
  return {
    createKey: unary(
      useCases,
      ({ within }) => within,
      async ({ name, scopes, within, expiresAt }, actor, caller) => {
        const { key, text } = await new CallerKeys(keys, caller, actor).create({
          name,
          scopes: scopeNames(scopes),
          within,
          expiresAt,
        })
        return { key: keyMessage({ key, lastUsedAt: undefined }), text }
      },
    ),
    // The scope is checked before the look-up: without it nobody learns which ids exist.
    getKey: unary(
      useCases,
      (_request, caller) => caller.within,
      async ({ id }, actor, caller) => ({
        key: keyMessage(await new CallerKeys(keys, caller, actor).look(id)),
      }),
    ),
    listKeys: unary(
      useCases,
      (_request, caller) => caller.within,
      async (request, actor, caller) => {
        const page = await new CallerKeys(keys, caller, actor).list(pageRequest('keys', request))
        return { keys: page.items.map(keyMessage), nextPageToken: pageToken('keys', page.next) }
      },
    ),
    rotateKey: unary(
      useCases,
      (_request, caller) => caller.within,
      async ({ id, keepPreviousSeconds, ends }, actor, caller) => {
        const keepPreviousMs = keepPreviousSeconds === undefined ? undefined : keepPreviousSeconds * 1000
        const rotation = { keepPreviousMs, ends: endOf(ends) }
        const { key, text } = await new CallerKeys(keys, caller, actor).rotate(id, rotation)
        return { key: keyMessage(await keys.withUse(key)), text }
      },
    ),
    revokeKey: unary(
      useCases,
      (_request, caller) => caller.within,
      async ({ id }, actor, caller) => {
        const key = await new CallerKeys(keys, caller, actor).revoke(id)
        return { key: keyMessage(await keys.withUse(key)) }
      },
    ),
  }
}

/** Field by field: the hash of the secret must not leave, whatever a key gains. */
function keyMessage({ key, lastUsedAt }: UsedKey): Key {
  const { id, name, scopes, within, createdAt, expiresAt, revokedAt, previous } = key
  return {
    id,
    name,
    scopes: scopes.map((scope) => SCOPE_ENUM[scope]),
    within,
    createdAt,
    expiresAt,
    revokedAt,
    lastUsedAt,
    previousValidUntil: previous?.until,
  }
}

const SCOPE_ENUM: Readonly<Record<Scope, ScopeEnum>> = {
  issue: ScopeEnum.ISSUE,
  manage: ScopeEnum.MANAGE,
  audit: ScopeEnum.AUDIT,
  alert: ScopeEnum.ALERT,
}

/** @throws IDGEN_REQUEST_INVALID */
function endOf(value: number): SecretToEnd | undefined {
  if (value === SecretEnum.UNSPECIFIED) return undefined
  if (value === SecretEnum.OLDEST) return 'oldest'
  if (value === SecretEnum.NEWEST) return 'newest'
  const message = `must be a value of idgen.v1.SecretToEnd, not ${value}`
  throw new IdgenError('IDGEN_REQUEST_INVALID', `ends ${message}.`, { faults: [{ path: '/ends', message }] })
}

/** @throws IDGEN_REQUEST_INVALID at the first number that the enum does not have; a repeat counts once */
function scopeNames(values: readonly number[]): Scope[] {
  return [...new Set(values)].map((value) => {
    const scope = SCOPES.find((name) => SCOPE_ENUM[name] === value)
    if (scope !== undefined) return scope
    throw new IdgenError(
      'IDGEN_REQUEST_INVALID',
      `scopes has ${value}, which idgen.v1.Scope does not allow.`,
      {
        faults: [{ path: '/scopes', message: `must be values of idgen.v1.Scope other than 0, not ${value}` }],
      },
    )
  })
}
