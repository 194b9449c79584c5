import { attr, type Html, html } from './html.ts'
import { bilingual } from './language.ts'
import type { Member } from './visit.ts'

/** How far back a page looks: one choice of a few, as links, so that it works without scripts and can be kept. */
export function rangeLinks<R extends Range>(
  member: Member,
  ranges: readonly R[],
  here: R,
  linkOf: (range: R) => string,
): Html {
  const words = member.say(WORDS)
  return html`<nav aria-label="${words.label}" class="segments">${ranges.map((one) => html`<a href="${linkOf(one)}" ${attr('aria-current', one === here, 'true')}>${words[one]}</a>`)}</nav>`
}

export type Range = '5m' | '15m' | '1h' | '6h' | '24h' | '7d' | '30d'

const WORDS = bilingual(
  {
    label: 'Time range',
    '5m': '5 min',
    '15m': '15 min',
    '1h': '1 h',
    '6h': '6 h',
    '24h': '24 h',
    '7d': '7 days',
    '30d': '30 days',
  },
  {
    label: '时间范围',
    '5m': '5 分钟',
    '15m': '15 分钟',
    '1h': '1 小时',
    '6h': '6 小时',
    '24h': '24 小时',
    '7d': '7 天',
    '30d': '30 天',
  },
)
