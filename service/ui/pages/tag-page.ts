import { authorize } from '../../app/authenticator.ts'
import { tagPath } from '../../core/tag.ts'
import type { DeclaredTag } from '../../ports/declaration-store.ts'
import type { UiParts } from '../admin-ui.ts'
import { type Answer, page } from '../answer.ts'
import { type Html, html } from '../html.ts'
import { bilingual } from '../language.ts'
import { plainNumber } from '../number-text.ts'
import { card, heading, notice } from '../parts.ts'
import { groupUrl, tagOfPath, tagUrl } from '../places.ts'
import { explanation } from '../tag-explanation.ts'
import type { UiRoutes } from '../ui-routes.ts'
import type { Member } from '../visit.ts'

/** All about one tag. */
export function tagPages(routes: UiRoutes, { useCases: { declarations } }: UiParts): void {
  routes.get('/tags/:workspace/:group/:tag', async (member) => {
    const ref = tagOfPath(member)
    authorize(member.caller, 'manage', tagPath(ref))
    return tagPage(member, await declarations.find(ref))
  })
}

function tagPage(member: Member, found: DeclaredTag): Answer {
  const words = member.say(WORDS)
  const { tag, declaration } = found
  const path = tagPath(tag)
  const actions =
    declaration === undefined
      ? html`<a class="button" href="${tagUrl(tag, '/edit')}">${words.change}</a><a class="button-danger" href="${tagUrl(tag, '/delete')}">${words.remove}</a>`
      : undefined
  const body = html`${heading(path, {
    lead: tag.displayName,
    trail: [
      [words.tags, '/ui/tags'],
      [`${tag.workspace}/${tag.group}`, groupUrl(tag.workspace, tag.group)],
    ],
    actions,
  })}
${declaration !== undefined && notice('warning', words.declared(`${declaration.owner.namespace}/${declaration.owner.name}`))}
<div class="grid gap-4 lg:grid-cols-2">${card('settings', words.settings, settings(member, found))}${card('meaning', words.meaning, explanation(member, tag))}</div>`
  return page(path, 'tags', body)
}

function settings({ say, preferences }: Member, { tag }: DeclaredTag): Html {
  const words = say(WORDS)
  const number = (value: number): string => plainNumber(value, preferences.language)
  const rows: readonly (readonly [string, string])[] = [
    [words.chain, tag.chain.join(' → ')],
    [words.step, `${number(tag.step.base)} (${number(tag.step.min)} – ${number(tag.step.max)})`],
    [words.startAt, number(tag.space.startAt)],
    [words.cells, `${number(tag.space.cellSize)} × ${tag.space.dcCount}`],
    [words.version, number(tag.version)],
    [words.generation, tag.generation],
  ]
  return html`<dl class="grid gap-x-4 gap-y-2 text-sm sm:grid-cols-[10rem_1fr]">${rows.map(([term, text]) => html`<dt class="text-muted">${term}</dt><dd class="wrap-anywhere">${text}</dd>`)}</dl>`
}

const WORDS = bilingual(
  {
    tags: 'Tags',
    change: 'Change',
    remove: 'Delete',
    declared: (object: string) => `The BizTag ${object} in Kubernetes declares this tag: change it there.`,
    settings: 'Settings',
    meaning: 'What this does',
    chain: 'Algorithms',
    step: 'Step (least – most)',
    startAt: 'First number',
    cells: 'Cell × data centres',
    version: 'Version',
    generation: 'Generation',
  },
  {
    tags: '业务标签',
    change: '修改',
    remove: '删除',
    declared: (object) => `该标签由 Kubernetes 中的 BizTag ${object} 声明，请在那里修改。`,
    settings: '设置',
    meaning: '设置说明',
    chain: '算法',
    step: '步长（最小 – 最大）',
    startAt: '起始号码',
    cells: '单元 × 数据中心',
    version: '版本',
    generation: '世代标识',
  },
)
