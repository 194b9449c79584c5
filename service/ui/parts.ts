import { attr, type Html, html, type Value } from './html.ts'
import { bilingual } from './language.ts'
import type { Member } from './visit.ts'

/** What pages are put together from. Their looks are in stylesheet.css. */

/** In every form of a member: a page of another site cannot know it. */
export function csrfField({ session }: Pick<Member, 'session'>): Html {
  return html`<input type="hidden" name="csrf" value="${session.csrf}">`
}

/** The title of a page; `trail`: links to what it lies in. */
export function heading(
  title: string,
  more: {
    readonly lead?: Value
    readonly actions?: Value
    readonly trail?: readonly (readonly [string, string])[]
  } = {},
): Html {
  const { lead, actions, trail = [] } = more
  return html`<div class="mb-6 flex flex-wrap items-end justify-between gap-4"><div class="min-w-0 wrap-anywhere">
${trail.length > 0 && html`<p class="mb-1 text-sm text-muted">${trail.map(([text, url]) => html`<a class="link" href="${url}">${text}</a> / `)}</p>`}
<h1 class="text-2xl font-bold tracking-tight">${title}</h1>${
    lead !== undefined && html`<p dir="auto" class="mt-1 max-w-3xl text-sm text-muted">${lead}</p>`
  }</div>${actions !== undefined && html`<div class="flex flex-wrap gap-2">${actions}</div>`}</div>`
}

/** `id` also names the heading: the card is a region that screen readers list. */
export function card(id: string, title: string, body: Value): Html {
  return html`<section class="card mb-4" aria-labelledby="${id}-title"><h2 id="${id}-title" class="mb-3 text-base font-semibold">${title}</h2>${body}</section>`
}

/** Something went wrong, or well; read out at once by a screen reader. */
export function notice(kind: 'error' | 'done' | 'warning', text: Value): Html {
  return html`<div class="notice notice-${kind}" role="${kind === 'error' ? 'alert' : 'status'}">${text}</div>`
}

export interface Field {
  readonly name: string
  readonly label: string
  readonly value?: string | number
  readonly hint?: string
  readonly required?: boolean
  readonly type?: 'text' | 'number' | 'search' | 'datetime-local'
  /** Unique in its page; default: the name. */
  readonly id?: string
}

export function field({
  name,
  label,
  value = '',
  hint,
  required = false,
  type = 'text',
  id = name,
}: Field): Html {
  return html`<div><label class="label" for="${id}">${label}</label>
<input id="${id}" name="${name}" type="${type === 'number' ? 'text' : type}" value="${value}" autocomplete="off" spellcheck="false" ${attr('inputmode', type === 'number', 'numeric')} ${attr('required', required)} ${attr('aria-describedby', hint !== undefined, `${id}-hint`)}>
${hint !== undefined && html`<p id="${id}-hint" class="hint">${hint}</p>`}</div>`
}

/** One of a few, by value and words. Native: it works without scripts, and phones show their own list. */
export function choice({
  id,
  name,
  label,
  value,
  choices,
}: {
  readonly id: string
  readonly name: string
  readonly label: string
  readonly value: string
  readonly choices: readonly (readonly [value: string | number, text: string])[]
}): Html {
  const options = choices.map(
    ([one, text]) => html`<option value="${one}" ${attr('selected', String(one) === value)}>${text}</option>`,
  )
  return html`<div><label class="label" for="${id}">${label}</label><select id="${id}" name="${name}">${options}</select></div>`
}

/** A table that is pushed sideways where it has no room. `caption` is for those who cannot see it. */
export function table(caption: string, head: readonly Value[], rows: readonly (readonly Value[])[]): Html {
  return html`<div class="overflow-x-auto" role="group" aria-label="${caption}" tabindex="0"><table class="w-full text-sm">
<caption class="sr-only">${caption}</caption>
<thead><tr>${head.map((one) => html`<th scope="col" class="px-2 py-2">${one}</th>`)}</tr></thead>
<tbody>${rows.map((row) => html`<tr class="border-t border-line">${row.map((cell) => html`<td class="px-2 py-2 align-top">${cell}</td>`)}</tr>`)}</tbody>
</table></div>`
}

/** A name as machines have it. */
export function code(text: string): Html {
  return html`<span class="inline-block min-w-24 font-mono text-xs wrap-anywhere">${text}</span>`
}

/** In a cell, what people named: as long as they like, in any script. It neither takes all the room nor is squeezed to a letter a line. */
export function named(content: Value): Html {
  return html`<div dir="auto" class="max-w-96 min-w-24 wrap-anywhere">${content}</div>`
}

/** The same of workspace/group/tag, which is longer: one of usual length stays on its line. */
export function namedTag(content: Value): Html {
  return html`<div dir="auto" class="max-w-96 min-w-40 wrap-anywhere">${content}</div>`
}

/** What is what: a term and its text a line. */
export function terms(rows: readonly (readonly [string, string])[]): Html {
  return html`<dl class="grid gap-x-4 gap-y-2 text-sm sm:grid-cols-[10rem_1fr]">${rows.map(([term, text]) => html`<dt class="text-muted">${term}</dt><dd class="wrap-anywhere">${text}</dd>`)}</dl>`
}

/** Names below something that is to be deleted or changed for good: typed, so that no slip does it. */
export function confirmField({ say }: Member, name: string): Html {
  return field({ name: 'confirm', label: say(WORDS).confirm(name), required: true })
}

/** Whether it was typed as asked for. */
export function isConfirmed({ form }: Member, name: string): boolean {
  return form.get('confirm')?.trim() === name
}

/** For the page that is shown again where it was not: nothing happened, and why. */
export function notConfirmed({ say }: Member): Html {
  return notice('error', say(WORDS).notConfirmed)
}

/** To the first page and to the next one of a list. */
export function pager({ say, query }: Member, path: string, next: string | undefined): Html {
  const words = say(WORDS)
  const to = (after: string | undefined): string => {
    const wanted = new URLSearchParams(query)
    wanted.delete('select')
    if (after === undefined) wanted.delete('after')
    else wanted.set('after', after)
    return `${path}?${wanted}`
  }
  if (next === undefined && !query.has('after')) return html``
  return html`<nav class="mt-4 flex gap-2" aria-label="${words.pages}">${
    query.has('after') && html`<a class="button-quiet" href="${to(undefined)}">${words.first}</a>`
  }${next !== undefined && html`<a class="button-quiet" rel="next" href="${to(next)}">${words.next}</a>`}</nav>`
}

const WORDS = bilingual(
  {
    confirm: (name: string) => `To confirm, type ${name}`,
    notConfirmed: 'What you typed is not the name asked for. Nothing was deleted.',
    pages: 'Pages',
    first: 'First page',
    next: 'Next page',
  },
  {
    confirm: (name) => `请输入 ${name} 以确认`,
    notConfirmed: '输入的内容与要求的名称不一致，未删除任何内容。',
    pages: '分页',
    first: '第一页',
    next: '下一页',
  },
)
