import { type BatchRow, failedRow, stateBadge } from './batch-rows.ts'
import { type Html, html } from './html.ts'
import { bilingual } from './language.ts'
import { GROUPS_MAX, groupPath, MAKE, type MadeUnit, type MissingGroup, tickOf } from './missing-units.ts'
import { named, table } from './parts.ts'
import { groupUrl, workspaceUrl } from './places.ts'
import type { Member } from './visit.ts'

/** Offers to make what is not there, a tick each; `tags`: how many of the batch would lie in the group of a path. */
export function unitTicks(
  { say }: Member,
  offered: readonly MissingGroup[],
  tags: (path: string) => number,
): Html {
  const words = say(WORDS)
  const ticks = offered.map((missing) => {
    const path = groupPath(missing)
    const text = missing.withWorkspace
      ? words.makeBoth(missing.workspace, path, tags(path))
      : words.makeGroup(path, tags(path))
    return html`<label class="mb-1 flex items-center gap-2 text-sm"><input type="checkbox" name="${MAKE}" value="${tickOf(missing)}"><span class="wrap-anywhere">${text}</span></label>`
  })
  return html`<fieldset class="mb-4"><legend class="label">${words.missing}</legend><p class="hint mb-2">${words.missingHint}${offered.length === GROUPS_MAX && ` ${words.most(GROUPS_MAX)}`}</p>${ticks}</fieldset>`
}

/** What became of each tick; `empty`: the paths of those that were made for nothing so far. */
export function unitsTable(member: Member, units: readonly MadeUnit[], empty: readonly string[]): Html {
  const words = member.say(WORDS)
  return table(
    words.caption,
    [words.name, words.kind, words.after, words.state],
    units.map((unit) => {
      const { path } = unit
      const row = unitRow(member, unit, empty.includes(path))
      return [
        named(row.url === undefined ? path : html`<a class="link" href="${row.url}">${path}</a>`),
        path.includes('/') ? words.group : words.workspace,
        html`<span class="${row.ok ? '' : 'text-bad'}">${row.after}</span>`,
        stateBadge(member, row),
      ]
    }),
  )
}

function unitRow(member: Member, { path, result }: MadeUnit, isEmpty: boolean): BatchRow {
  if ('refused' in result) return failedRow(member, path, result)
  const words = member.say(WORDS)
  const [workspace = '', group] = path.split('/')
  const url = group === undefined ? workspaceUrl(workspace) : groupUrl(workspace, group)
  const made = isEmpty ? html`<span class="text-warn">${words.madeEmpty}</span>` : words.made
  return { path, url, before: '', after: result.value ? made : words.there, ok: true }
}

const WORDS = bilingual(
  {
    missing: 'Not there yet: tick what is to be made first',
    missingHint:
      'What is not ticked is not made, and its tags are refused. A name with a slip in it is put right below.',
    most: (count: number) =>
      `At most ${count} groups are made at once: others are offered when what is left is sent again.`,
    makeGroup: (group: string, tags: number) => `Make the group ${group}, for ${tagCount(tags)}`,
    makeBoth: (workspace: string, group: string, tags: number) =>
      `Make the workspace ${workspace} and the group ${group}, for ${tagCount(tags)}`,
    caption: 'Workspaces and groups of the batch',
    name: 'Name',
    kind: 'What it is',
    workspace: 'workspace',
    group: 'group',
    after: 'Then',
    state: 'State',
    made: 'made',
    madeEmpty: 'made, and empty: none of its tags was made',
    there: 'there already',
  },
  {
    missing: '以下内容尚不存在：请勾选需要先创建的项',
    missingHint: '未勾选的不会创建，其标签将被拒绝。若名称有误，请在下方修改。',
    most: (count) => `一次最多创建 ${count} 个分组：其余分组在重新提交剩余行时再提供。`,
    makeGroup: (group, tags) => `创建分组 ${group}（用于 ${tags} 个标签）`,
    makeBoth: (workspace, group, tags) => `创建工作空间 ${workspace} 与分组 ${group}（用于 ${tags} 个标签）`,
    caption: '批量操作的工作空间与分组',
    name: '名称',
    kind: '类型',
    workspace: '工作空间',
    group: '分组',
    after: '之后',
    state: '状态',
    made: '已创建',
    madeEmpty: '已创建但为空：其中没有创建任何标签',
    there: '已存在',
  },
)

function tagCount(count: number): string {
  return count === 1 ? '1 tag' : `${count} tags`
}
