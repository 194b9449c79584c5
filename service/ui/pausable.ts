import { type Html, html } from './html.ts'
import { bilingual } from './language.ts'
import type { Visit } from './visit.ts'

/**
 * What renews itself, and a link that stops it: who reads slowly, or has it read out, must be able to (WCAG 2.2.2). The link is
 * outside of what is renewed, or who has come to it by keyboard would lose it.
 * @param content what is shown; @param renewed the same, in an element that asks for it anew
 */
export function pausable(visit: Visit, content: Html, renewed: Html): Html {
  const words = visit.say(WORDS)
  const paused = isPaused(visit)
  return html`${paused ? content : renewed}
<p class="mt-3 text-sm"><a class="link" href="${otherUrl(visit)}">${paused ? words.goOn : words.pause}</a></p>`
}

export function isPaused({ query }: Pick<Visit, 'query'>): boolean {
  return query.get(NAME) === OFF
}

/** The same page, with the other choice. */
function otherUrl(visit: Visit): string {
  const [path = '/ui'] = visit.url.split('?', 1)
  const query = new URLSearchParams(visit.query)
  if (isPaused(visit)) query.delete(NAME)
  else query.set(NAME, OFF)
  return query.size === 0 ? path : `${path}?${query}`
}

const NAME = 'live'
const OFF = 'off'

const WORDS = bilingual(
  { pause: 'Stop renewing', goOn: 'Renew by itself again' },
  { pause: '暂停自动刷新', goOn: '恢复自动刷新' },
)
