import { cellOwner, ownedCells, usedShare } from '../core/cells.ts'
import type { DeclaredTag } from '../ports/declaration-store.ts'
import type { RecentGrants } from '../ports/grant-history.ts'
import { type Html, html } from './html.ts'
import { bilingual } from './language.ts'
import { percent, plainNumber, shortNumber } from './number-text.ts'
import type { Member } from './visit.ts'

/** How long a data centre's numbers last when it goes on as it did today. */
export interface Forecast {
  readonly dc: number
  /** 0..1 */
  readonly used: number
  readonly left: number
  /** undefined: none were granted today. */
  readonly fullInDays: number | undefined
}

/** `recent`: since a day ago. */
export function forecasts(
  { tag, places }: DeclaredTag,
  recent: readonly RecentGrants[],
  nowMs: number,
): Forecast[] {
  const { space } = tag
  return Array.from({ length: space.dcCount }, (_, dc) => {
    const place = places.find((one) => one.dc === dc)
    const used = place === undefined ? 0 : usedShare(space, dc, place.nextValue)
    const left = (1 - used) * ownedCells(space, dc) * space.cellSize
    const grants = recent.find((one) => one.dc === dc)
    // Of a tag that was made an hour ago the rate of that hour.
    const overMs = Math.max(HOUR_MS, nowMs - (grants?.from.getTime() ?? nowMs))
    const perDay = ((grants?.numbers ?? 0) / overMs) * DAY_MS
    return { dc, used, left, fullInDays: perDay > 0 ? left / perDay : undefined }
  })
}

/** The cells of the number space and whose they are, then each data centre with how far it came. */
export function rangesPicture(member: Member, found: DeclaredTag, all: readonly Forecast[]): Html {
  const words = member.say(WORDS)
  const { language } = member.preferences
  const rows = all.map((one) => {
    const when =
      one.fullInDays === undefined
        ? words.idle
        : words.fullIn(daysText(one.fullInDays, words, (value) => plainNumber(value, language)))
    const text = words.used(percent(one.used, language), shortNumber(one.left, language))
    return html`<li><div class="flex flex-wrap justify-between gap-x-4 text-sm"><span class="font-medium">${words.dc(one.dc)}</span><span class="text-muted">${text} · <strong class="font-medium text-ink">${when}</strong></span></div>
<svg viewBox="0 0 300 6" preserveAspectRatio="none" aria-hidden="true" class="mt-1 block h-1.5 w-full ${one.used > 0.8 ? 'text-bad' : 'text-accent'}"><rect width="300" height="6" rx="3" class="fill-raised"></rect><rect width="${Math.max(one.used > 0 ? 2 : 0, one.used * 300)}" height="6" rx="3" fill="currentColor"></rect></svg></li>`
  })
  return html`${cellStrip(member, found)}<ul class="mt-4 grid gap-3">${rows}</ul>`
}

function cellStrip(member: Member, { tag: { space }, places }: DeclaredTag): Html {
  const words = member.say(WORDS)
  const told = words.cells(plainNumber(space.cellSize, member.preferences.language), space.dcCount)
  const cells = Math.min(STRIP_CELLS, 2 * space.dcCount)
  const current = new Set(places.map(({ cell }) => cell))
  const width = 300 / (cells + 1)
  const boxes = Array.from({ length: cells }, (_, cell) => {
    const owner = cellOwner(cell, space.dcCount)
    const look = current.has(cell) ? 'fill-accent' : 'fill-raised'
    return html`<rect x="${cell * width}" y="0" width="${width - 1}" height="22" rx="2" class="${look}"></rect><text x="${cell * width + width / 2 - 0.5}" y="15" text-anchor="middle" font-size="9" class="${current.has(cell) ? 'fill-on-accent' : 'fill-ink'}">${owner}</text>`
  })
  return html`<figure><svg viewBox="0 0 300 22" role="img" aria-label="${told}" class="block w-full max-w-xl">${boxes}<text x="${cells * width + width / 2}" y="15" text-anchor="middle" font-size="9" class="fill-muted">…</text></svg><figcaption class="hint">${told}</figcaption></figure>`
}

function daysText(days: number, words: (typeof WORDS)['en'], print: (value: number) => string): string {
  if (days > 365_000) return words.never
  if (days > 3650) return words.years(print(Math.round(days / 365.25)))
  return days < 1 ? words.today : words.days(print(Math.floor(days)))
}

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const STRIP_CELLS = 16

const WORDS = bilingual(
  {
    dc: (dc: number) => `Data centre ${dc}`,
    used: (share: string, left: string) => `${share} used, ${left} left`,
    idle: 'none taken today',
    fullIn: (time: string) => `full in ${time} at today’s rate`,
    never: 'more than a thousand years',
    years: (count: string) => `${count} years`,
    days: (count: string) => `${count} days`,
    today: 'less than a day',
    cells: (cellSize: string, dcCount: number) =>
      `Cells of ${cellSize} numbers, and which of ${dcCount} data centres owns them. Coloured: where numbers are taken now.`,
  },
  {
    dc: (dc) => `数据中心 ${dc}`,
    used: (share, left) => `已用 ${share}，剩余 ${left}`,
    idle: '今日未领取',
    fullIn: (time) => `按今日速率，${time}后用尽`,
    never: '一千年以上',
    years: (count) => `${count} 年`,
    days: (count) => `${count} 天`,
    today: '不到一天',
    cells: (cellSize, dcCount) =>
      `每个单元 ${cellSize} 个号码，由 ${dcCount} 个数据中心轮流拥有；着色的为当前领取所在的单元。`,
  },
)
