import { cellExists, cellOwner, nextCell } from '../core/cells.ts'
import type { NumberSpace } from '../core/tag.ts'
import { type Html, html } from './html.ts'
import { bilingual } from './language.ts'
import { percent, plainNumber, shortNumber } from './number-text.ts'
import type { Forecast } from './tag-forecast.ts'
import { moment } from './time-text.ts'
import type { Visit } from './visit.ts'

type Reader = Pick<Visit, 'say' | 'preferences'>

/** The cells in use and whose they are, then each data centre with how far it came by `nowMs`. */
export function rangesPicture(
  reader: Reader,
  space: NumberSpace,
  all: readonly Forecast[],
  nowMs: number,
): Html {
  const words = reader.say(WORDS)
  const { language } = reader.preferences
  const rows = all.map((one) => {
    const share = percent(one.used, language)
    const text =
      one.date === undefined
        ? words.used(share, shortNumber(one.left, language))
        : words.usedOf(one.date.text, share, plainNumber(one.left, language))
    return html`<li><div class="flex flex-wrap justify-between gap-x-4 text-sm"><span><span class="font-medium">${words.dc(one.dc)}</span> <span class="text-muted">${words.cell(plainNumber(one.cell, language))}</span></span><span class="text-muted">${text} · <strong class="font-medium text-ink">${whenText(reader, one, nowMs)}</strong></span></div>
<svg viewBox="0 0 300 6" preserveAspectRatio="none" aria-hidden="true" class="mt-1 block h-1.5 w-full ${one.used > 0.8 ? 'text-bad' : 'text-accent'}"><rect width="300" height="6" rx="3" class="fill-raised"></rect><rect width="${Math.max(one.used > 0 ? 2 : 0, one.used * 300)}" height="6" rx="3" fill="currentColor"></rect></svg></li>`
  })
  return html`${cellStrip(reader, space, all)}<ul class="mt-4 grid gap-3">${rows}</ul>`
}

function whenText({ say, preferences }: Reader, one: Forecast, nowMs: number): Html | string {
  const words = say(WORDS)
  const { fullInDays, date } = one
  const rate = one.overMs < HOUR_MS ? words.present : words.ofToday
  if (date === undefined)
    return fullInDays === undefined
      ? words.idle
      : words.fullIn(
          daysText(fullInDays, words, (value) => plainNumber(value, preferences.language)),
          rate,
        )
  const endsBefore = fullInDays !== undefined && nowMs + fullInDays * DAY_MS < date.endsMs
  return html`${words.nextDate} ${moment(new Date(date.endsMs))}${endsBefore && words.fullBefore(rate)}`
}

/** Of each data centre the cell in use and its next one, in their order: wherever they lie, they are at most sixteen. */
function cellStrip(reader: Reader, space: NumberSpace, all: readonly Forecast[]): Html {
  const words = reader.say(WORDS)
  const { dcCount } = space
  const told = words.cells(plainNumber(space.cellSize, reader.preferences.language), dcCount)
  const current = new Set(all.filter(({ begun }) => begun).map(({ cell }) => cell))
  const cells = all
    .flatMap(({ cell }) => [cell, nextCell(cell, dcCount)])
    .filter((cell) => cellExists(space, cell))
    .sort((a, b) => a - b)
  const width = 300 / (cells.length + 1)
  const boxes = cells.map((cell, at) => {
    const [look, ink] = current.has(cell) ? ['fill-accent', 'fill-on-accent'] : ['fill-raised', 'fill-ink']
    // Where cells were left out there is a gap.
    const left = at > 0 && cells[at - 1] !== cell - 1 ? GAP : 0
    return html`<rect x="${at * width + left}" y="0" width="${width - 1 - left}" height="22" rx="2" class="${look}"></rect><text x="${at * width + (width - 1 + left) / 2}" y="15" text-anchor="middle" font-size="9" class="${ink}">${cellOwner(cell, dcCount)}</text>`
  })
  return html`<figure><svg viewBox="0 0 300 22" role="img" aria-label="${told}" class="block w-full max-w-xl">${boxes}<text x="${cells.length * width + width / 2}" y="15" text-anchor="middle" font-size="9" class="fill-muted">…</text></svg><figcaption class="hint">${told}</figcaption></figure>`
}

function daysText(days: number, words: (typeof WORDS)['en'], print: (value: number) => string): string {
  if (days > 365_000) return words.never
  if (days > 3650) return words.years(print(Math.round(days / 365.25)))
  return days < 1 ? words.today : words.days(print(Math.floor(days)))
}

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
/** Of the 300 that the strip is wide; its sixteen boxes are 17. */
const GAP = 4

const WORDS = bilingual(
  {
    dc: (dc: number) => `Data centre ${dc}`,
    used: (share: string, left: string) => `${share} used, ${left} left`,
    usedOf: (date: string, share: string, left: string) => `${share} of ${date} used, ${left} left`,
    cell: (cell: string) => `cell ${cell}`,
    idle: 'none taken today',
    nextDate: 'the next date begins',
    fullBefore: (rate: string) => `, full before that at ${rate}`,
    fullIn: (time: string, rate: string) => `full in ${time} at ${rate}`,
    ofToday: 'today’s rate',
    present: 'its present rate',
    never: 'more than a thousand years',
    years: (count: string) => `${count} years`,
    days: (count: string) => `${count} days`,
    today: 'less than a day',
    cells: (cellSize: string, dcCount: number) =>
      `Cells of ${cellSize} numbers, here those in use and the next ones, and which of ${dcCount} data centres owns them. Coloured: where numbers are taken now.`,
  },
  {
    dc: (dc) => `数据中心 ${dc}`,
    used: (share, left) => `已用 ${share}，剩余 ${left}`,
    usedOf: (date, share, left) => `${date} 已用 ${share}，剩余 ${left}`,
    cell: (cell) => `单元 ${cell}`,
    idle: '今日未领取',
    nextDate: '下一日期开始于',
    fullBefore: (rate) => `，按${rate}将在此之前用尽`,
    fullIn: (time, rate) => `按${rate}，${time}后用尽`,
    ofToday: '今日速率',
    present: '当前速率',
    never: '一千年以上',
    years: (count) => `${count} 年`,
    days: (count) => `${count} 天`,
    today: '不到一天',
    cells: (cellSize, dcCount) =>
      `每个单元 ${cellSize} 个号码，由 ${dcCount} 个数据中心轮流拥有；此处为使用中的单元及其后续单元，着色的为当前领取所在的单元。`,
  },
)
