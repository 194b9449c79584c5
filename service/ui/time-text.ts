import type { Html } from './html.ts'
import { html } from './html.ts'

/** A moment, in UTC as the log and the API have it: people of several places look at the same page. */
export function moment(at: Date): Html {
  const iso = at.toISOString()
  return html`<time datetime="${iso}" class="whitespace-nowrap tabular-nums">${iso.slice(0, 10)} ${timeOfDay(at)} <span class="text-[0.65rem] text-muted">UTC</span></time>`
}

/** 10:15:42, in UTC */
export function timeOfDay(at: Date): string {
  return at.toISOString().slice(11, 19)
}
