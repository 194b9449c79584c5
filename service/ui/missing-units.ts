import { authorize, mayUse } from '../app/authenticator.ts'
import type { WantedTag } from '../app/manage-tag-batches.ts'
import { paired, sideBySide, together } from '../app/row-batch.ts'
import { unlessPresent } from '../app/unless-present.ts'
import { IdgenError } from '../core/errors.ts'
import { type RowResult, valuesOf } from '../core/row-result.ts'
import type { UiParts } from './admin-ui.ts'
import type { Member } from './visit.ts'

/**
 * Groups, and workspaces, that lines of a batch name and that are not there yet. They are made before the tags, and only those
 * that a tick names: a slip of the pen in one line would make a business unit.
 */

type Catalog = UiParts['useCases']['catalog']

export interface MissingGroup {
  readonly workspace: string
  readonly group: string
  /** The workspace is not there either. */
  readonly withWorkspace: boolean
}

type GroupRef = Pick<MissingGroup, 'workspace' | 'group'>

/** What a tick was for. */
export interface MadeUnit {
  /** A workspace, or a group as workspace/group. */
  readonly path: string
  /** Whether it was made; false: it was there by then. */
  readonly result: RowResult<boolean>
}

/** The field of a tick. */
export const MAKE = 'make'

/** Of a batch: each is up to two transactions of its own, where all its tags are one, and a page has 500 ms. */
export const GROUPS_MAX = 20

export function groupPath({ workspace, group }: GroupRef): string {
  return `${workspace}/${group}`
}

/** Many lines name few groups: by path, each that is there, or why not. */
export async function groupsOf(
  catalog: Catalog,
  wanted: readonly WantedTag[],
): Promise<ReadonlyMap<string, RowResult<unknown>>> {
  const refs = byGroup(wanted)
  const groups = await sideBySide(refs, ({ workspace, group }) => catalog.group(workspace, group))
  return new Map(paired(refs, groups).map(({ row, result }) => [groupPath(row), result]))
}

/** Which groups the page may offer to make for these tags, whose groups are not there: what the key may make, by their paths. */
export async function groupsToOffer(
  { caller }: Member,
  catalog: Catalog,
  groupless: readonly WantedTag[],
): Promise<ReadonlyMap<string, MissingGroup>> {
  const refs = byGroup(groupless).filter((ref) => mayUse(caller, 'manage', groupPath(ref)))
  const names = [...new Set(refs.map(({ workspace }) => workspace))]
  const looked = await sideBySide(names, (name) => catalog.store.findWorkspace(name))
  const found = new Map(paired(names, looked).map(({ row, result }) => [row, result]))
  const offered = refs.flatMap((ref): MissingGroup[] => {
    const workspace = found.get(ref.workspace)
    if (workspace === undefined || 'refused' in workspace) return []
    const withWorkspace = workspace.value === undefined
    return withWorkspace && !mayUse(caller, 'manage', ref.workspace) ? [] : [{ ...ref, withWorkspace }]
  })
  return new Map(offered.slice(0, GROUPS_MAX).map((missing) => [groupPath(missing), missing]))
}

/** The value of its tick: the paths of all that it makes. No name holds a blank. */
export function tickOf(missing: MissingGroup): string {
  return missing.withWorkspace ? `${missing.workspace} ${groupPath(missing)}` : groupPath(missing)
}

/**
 * Makes what was ticked, as far as these tags need it: workspaces first. What fails stops none of the others, but for the groups
 * of a workspace that failed, which are not tried.
 *
 * @throws IDGEN_REQUEST_INVALID more than GROUPS_MAX
 */
export async function makeTicked(
  { form, caller, actor }: Member,
  catalog: Catalog,
  wanted: readonly WantedTag[],
): Promise<readonly MadeUnit[]> {
  const ticked = new Set(form.getAll(MAKE).flatMap((value) => value.split(' ')))
  const groups = byGroup(wanted).filter((ref) => ticked.has(groupPath(ref)))
  if (groups.length > GROUPS_MAX)
    throw new IdgenError(
      'IDGEN_REQUEST_INVALID',
      `At most ${GROUPS_MAX} groups are made with a batch, and ${groups.length} were ticked: make them in several batches.`,
    )
  const names = [...new Set(groups.map(({ workspace }) => workspace))].filter((name) => ticked.has(name))
  const workspaces = await sideBySide(names, async (name) => {
    authorize(caller, 'manage', name)
    return unlessPresent(() => catalog.createWorkspace(actor, name, ''))
  })
  const failed = new Map(
    paired(names, workspaces).flatMap(({ row, result }) =>
      'refused' in result ? [[row, { ...result, isUntried: true }] as const] : [],
    ),
  )
  const made = await together<GroupRef, boolean>(
    groups.map((group) => failed.get(group.workspace) ?? { todo: group }),
    (todo) =>
      sideBySide(todo, async ({ workspace, group }) => {
        authorize(caller, 'manage', groupPath({ workspace, group }))
        return unlessPresent(() => catalog.createGroup(actor, workspace, group, ''))
      }),
  )
  return [
    ...paired(names, workspaces).map(({ row: path, result }) => ({ path, result })),
    ...paired(groups, made).map(({ row, result }) => ({ path: groupPath(row), result })),
  ]
}

/** Those that were made just now, and that hold nothing: no tag of `filled`, which are paths of tags, lies in them. */
export function emptyUnits(units: readonly MadeUnit[], filled: readonly string[]): readonly string[] {
  const made = units.filter(({ result }) => valuesOf([result])[0] === true).map(({ path }) => path)
  return made.filter((path) => !filled.some((tag) => tag.startsWith(`${path}/`)))
}

function byGroup(wanted: readonly WantedTag[]): readonly GroupRef[] {
  const groups = wanted.map(({ ref: { workspace, group } }) => ({ workspace, group }))
  return [...new Map(groups.map((group) => [groupPath(group), group])).values()]
}
