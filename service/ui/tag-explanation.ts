import { draftFaults } from '../app/tag-request.ts'
import type { TagDraft } from '../core/tag.ts'
import { faultText } from './fault-words.ts'
import { type ExampleMoment, formatExamples } from './format-examples.ts'
import { type Html, html } from './html.ts'
import { bilingual } from './language.ts'
import { notice } from './parts.ts'
import { tagSentences } from './tag-sentences.ts'
import type { Member } from './visit.ts'

/** What a tag with these settings would do, in sentences; or what is wrong with them. */
export function explanation(
  member: Member,
  draft: TagDraft,
  moment: ExampleMoment,
  { isNew = false }: { readonly isNew?: boolean } = {},
): Html {
  const faults = draftFaults(draft, isNew ? moment.nowMs : undefined)
  if (faults.length > 0)
    return notice(
      'error',
      html`<ul>${faults.map((fault) => html`<li>${faultText(member, fault)}</li>`)}</ul>`,
    )
  return html`${examples(member, draft, moment)}<ul class="list-disc space-y-1 pl-5 text-sm text-muted">${tagSentences(draft, member.preferences.language).map((sentence) => html`<li>${sentence}</li>`)}</ul>`
}

function examples({ say }: Member, draft: TagDraft, moment: ExampleMoment): Html | undefined {
  const words = say(WORDS)
  const { space } = draft
  const texts = formatExamples(draft, moment)
  if (texts.length === 0) return undefined
  const ids = texts.map(
    (text, at) =>
      html`<li class="font-mono wrap-anywhere">${text}${at === FIRST_DC_EXAMPLES && html` <span class="hint font-sans">${words.lastDc(space.dcCount - 1)}</span>`}</li>`,
  )
  return html`<div class="mb-3 rounded-md bg-raised p-3 text-sm"><p class="mb-1 font-medium">${words.examples}</p><ul data-examples>${ids}</ul></div>`
}

const FIRST_DC_EXAMPLES = 3

const WORDS = bilingual(
  {
    examples: 'IDs look like this',
    lastDc: (dc: number) => `the first of data centre ${dc}`,
  },
  {
    examples: 'ID 示例',
    lastDc: (dc) => `数据中心 ${dc} 的第一个`,
  },
)
