import { type Html, html, type Value } from './html.ts'
import type { Member } from './visit.ts'

/** What pages are put together from. Their looks are in stylesheet.css. */

/** In every form of a member: a page of another site cannot know it. */
export function csrfField({ session }: Pick<Member, 'session'>): Html {
  return html`<input type="hidden" name="csrf" value="${session.csrf}">`
}

export function heading(title: string, more?: { readonly lead?: string; readonly actions?: Value }): Html {
  return html`<div class="mb-6 flex flex-wrap items-end justify-between gap-4"><div>
<h1 class="text-2xl font-bold tracking-tight">${title}</h1>${
    more?.lead !== undefined && html`<p class="mt-1 max-w-3xl text-sm text-muted">${more.lead}</p>`
  }</div>${more?.actions !== undefined && html`<div class="flex gap-2">${more.actions}</div>`}</div>`
}

/** `id` also names the heading: the card is a region that screen readers list. */
export function card(id: string, title: string, body: Value): Html {
  return html`<section class="card" aria-labelledby="${id}-title"><h2 id="${id}-title" class="mb-3 text-base font-semibold">${title}</h2>${body}</section>`
}

/** Something went wrong, or well; read out at once by a screen reader. */
export function notice(kind: 'error' | 'done' | 'warning', text: Value): Html {
  return html`<div class="notice notice-${kind}" role="${kind === 'error' ? 'alert' : 'status'}">${text}</div>`
}
