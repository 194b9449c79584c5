import { type RawBuilder, sql } from 'kysely'
import { IdgenError } from '../../core/errors.ts'
import type { NamedPageRequest, Page, PageRequest } from '../../ports/catalog-store.ts'

/** `rows` holds one more than the page when there is a next one. */
export function pageOf<R, T>(
  rows: readonly R[],
  page: PageRequest,
  read: (row: R) => T,
  key: (row: R) => string,
): Page<T> {
  const shown = rows.slice(0, page.limit)
  const last = shown.at(-1)
  return {
    items: shown.map(read),
    next: rows.length > page.limit && last !== undefined ? key(last) : undefined,
  }
}

/** Whether a workspace or group, whose table is called `as`, has what is looked for in one of its names. */
export function isNamed(as: string, { text = '' }: NamedPageRequest): RawBuilder<boolean> {
  const wanted = text.toLowerCase()
  return sql<boolean>`(strpos(${sql.ref(`${as}.name`)}, ${wanted}) > 0 OR ${isInText(`${as}.display_name`, text)})`
}

/** Whether a column that people fill in has it. The database lowers both sides: it knows the case of other letters than we do. */
export function isInText(column: string, text: string): RawBuilder<boolean> {
  return sql<boolean>`strpos(lower(${sql.ref(column)}), lower(${text})) > 0`
}

/** @throws IDGEN_VERSION_MISMATCH; `ifVersion` undefined is unconditional */
export function checkVersion(path: string, version: number, ifVersion: number | undefined): void {
  if (ifVersion === undefined || ifVersion === version) return
  throw new IdgenError(
    'IDGEN_VERSION_MISMATCH',
    `${path} is at version ${version}, not ${ifVersion}: read it again and repeat the change.`,
  )
}

export function nameTaken(kind: string, path: string): IdgenError {
  return new IdgenError('IDGEN_ALREADY_EXISTS', `There is a ${kind} ${path} already.`)
}

export function notEmpty(kind: string, path: string, holds: string): IdgenError {
  return new IdgenError('IDGEN_NOT_EMPTY', `The ${kind} ${path} still has ${holds}; delete them first.`)
}

export function workspaceNotFound(workspace: string): IdgenError {
  return new IdgenError('IDGEN_WORKSPACE_NOT_FOUND', `There is no workspace ${workspace}.`)
}

export function groupNotFound(workspace: string, group: string): IdgenError {
  return new IdgenError('IDGEN_GROUP_NOT_FOUND', `There is no group ${workspace}/${group}.`)
}

export function tagNotFound(path: string): IdgenError {
  return new IdgenError('IDGEN_TAG_NOT_FOUND', `There is no tag ${path}.`)
}

/** `high`: first number above what deleted tags of the name were granted here; 0 where that is not the reason. */
export function spaceMismatch(path: string, high = 0): IdgenError {
  return new IdgenError(
    'IDGEN_SPACE_MISMATCH',
    `The tag ${path} is not what it was agreed to be: this database has it, or had a deleted one${high > 0 ? ` with numbers up to ${high}` : ''}, with another generation or number space.`,
  )
}
