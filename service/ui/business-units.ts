import type { CatalogStore } from '../ports/catalog-store.ts'
import { attr, type Html, html } from './html.ts'
import type { Member } from './visit.ts'

/** A workspace, or a group as `workspace/group`. */
export interface BusinessUnit {
  readonly name: string
  readonly displayName: string
}

/** What the key may list: workspaces, and after the chosen one its groups. */
export async function businessUnits(
  { caller }: Member,
  store: Pick<CatalogStore, 'listWorkspaces' | 'listGroups'>,
  within: string,
): Promise<readonly BusinessUnit[]> {
  const [own = '', ownGroup] = caller.within.split('/')
  if (!caller.scopes.includes('manage') || ownGroup !== undefined) return []
  const page = { after: undefined, limit: UNITS_MAX }
  const workspaces: readonly BusinessUnit[] =
    own === '' ? (await store.listWorkspaces(page)).items : [{ name: own, displayName: '' }]
  const chosen = within.split('/', 1)[0]
  if (!workspaces.some(({ name }) => name === chosen)) return workspaces
  const groups = (await store.listGroups(chosen ?? '', page)).items
  const inChosen = groups.map(({ name, displayName }) => ({ name: `${chosen}/${name}`, displayName }))
  return workspaces.flatMap((unit) => (unit.name === chosen ? [unit, ...inChosen] : [unit]))
}

/** The options of a choice of them, the chosen one among them in any case. */
export function unitOptions(units: readonly BusinessUnit[], within: string): Html[] {
  const known = within === '' || units.some(({ name }) => name === within)
  return [...(known ? [] : [{ name: within, displayName: '' }]), ...units].map(
    ({ name, displayName }) =>
      html`<option value="${name}" ${attr('selected', name === within)}>${displayName === '' ? name : `${name} · ${displayName}`}</option>`,
  )
}

/** Workspaces, and groups of one: more than anybody finds in a list; what is not among them is found by its name. */
const UNITS_MAX = 500
