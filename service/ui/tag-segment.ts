import type { LiveTag } from '../app/live-tag.ts'
import type { SegmentInUse } from '../core/segment-in-use.ts'
import { type Html, html } from './html.ts'
import { bilingual } from './language.ts'
import { percent, plainNumber } from './number-text.ts'
import type { Member } from './visit.ts'

/** What this process has of a tag in memory, drawn: the segment in use, and those fetched ahead. */
export function segmentPicture(member: Member, live: LiveTag | undefined): Html {
  const words = member.say(WORDS)
  if (live === undefined) return html`<p class="text-sm text-muted">${words.notLoaded}</p>`
  const { router, buffer, served } = live
  const { language } = member.preferences
  const ids = Object.values(served).reduce((sum, one) => sum + one.ids, 0)
  const state = router.degraded
    ? html`<span class="badge text-bad">${words.degraded(router.active.name)}</span>`
    : html`<span class="badge text-good">${router.active.name}</span>`
  const { inUse } = buffer
  const picture =
    inUse === undefined
      ? html`<p class="text-sm text-muted">${words.noSegment}</p>`
      : boxes(member, inUse, buffer.left)
  return html`<p class="mb-3 flex flex-wrap items-center gap-2 text-sm">${state} ${words.issued(plainNumber(ids, language))}</p>${picture}`
}

/**
 * The segment in use with the marks at which the next one is fetched, then those that are ready. In shares of the width, so that
 * no stretching deforms the words:
 *
 *     ░░░░░░░░░░▒▒▒▒┆▒▒▒▒▒│▒▒   ▒▒▒▒▒ ▒▒▒▒▒
 *      used     left ┆    │        ready
 *                  42 %  10 %
 */
function boxes(member: Member, { size, left, ready, fetch }: SegmentInUse, inMemory: number): Html {
  const words = member.say(WORDS)
  const { language } = member.preferences
  const whole = (share: number): string => percent(Math.round(share * 100) / 100, language)
  const text = words.memory(plainNumber(inMemory, language), ready.length, plainNumber(size, language))
  const shown = ready.slice(0, BOXES_MAX)
  const width = (100 - USED_WIDTH) / Math.max(shown.length, 2)
  const marks = [
    { share: fetch.from, dashes: '3 3' },
    { share: fetch.latest, dashes: 'none' },
  ].map(
    ({ share, dashes }) =>
      html`<line x1="${at(1 - share)}" x2="${at(1 - share)}" y1="0" y2="34" stroke="currentColor" stroke-width="2" stroke-dasharray="${dashes}"></line><text x="${at(1 - share)}" y="46" text-anchor="middle" class="fill-ink text-[11px] tabular-nums">${whole(share)}</text>`,
  )
  const first = html`<rect x="0" y="0" width="${at(1)}" height="28" rx="4" class="fill-raised"></rect><rect x="${at(1 - left / size)}" y="0" width="${at(left / size)}" height="28" rx="4" class="fill-accent"></rect>`
  const others = shown.map(
    (_, place) =>
      html`<rect x="${(USED_WIDTH + place * width + GAP).toFixed(2)}%" y="0" width="${(width - GAP).toFixed(2)}%" height="28" rx="4" class="fill-accent"></rect>`,
  )
  const point = words.point({
    from: whole(fetch.from),
    latest: whole(fetch.latest),
    seconds: fetch.reserveS,
  })
  return html`<figure><svg role="img" height="50" aria-label="${text} ${point}" class="block w-full max-w-xl text-ink">${first}${others}${marks}</svg><figcaption class="hint">${text} ${words.used}<span class="mt-1 block" data-fetch>${point}</span></figcaption></figure>`
}

/** Where a share of the segment in use lies in the picture. */
function at(share: number): string {
  return `${(share * USED_WIDTH).toFixed(2)}%`
}

/** Of the width, in percent: marks and their numbers need room. */
const USED_WIDTH = 60
const GAP = 1.5
/** A hungry tag holds a chain of them; more than this is a blur. */
const BOXES_MAX = 8

const WORDS = bilingual(
  {
    notLoaded: 'This process has not served the tag yet: it is loaded by the first request.',
    noSegment: 'No segment is in memory.',
    degraded: (name: string) => `degraded: ${name} serves`,
    issued: (count: string) => `${count} ${count === '1' ? 'ID' : 'IDs'} issued here since it was loaded`,
    memory: (left: string, ready: number, size: string) =>
      `${left} numbers in memory: a segment of ${size} in use, ${ready === 0 ? 'none' : ready} fetched ahead.`,
    used: 'Grey is used. The step, which is how long a segment is, follows the load.',
    point: ({ from, latest, seconds }: { from: string; latest: string; seconds: number }) =>
      `Prefetch point: from the dashed line on (${from} left) the next segment is fetched as soon as the rest would last less than ${seconds} seconds, at the solid line (${latest} left) in any case. A tag that uses segments up within seconds fetches them earlier, and several.`,
  },
  {
    notLoaded: '本进程尚未服务该标签：首次请求时载入。',
    noSegment: '内存中没有号段。',
    degraded: (name) => `已降级：由 ${name} 发号`,
    issued: (count) => `载入以来本进程已发出 ${count} 个 ID`,
    memory: (left, ready, size) =>
      `内存中有 ${left} 个号码：使用中的号段长度为 ${size}，${ready === 0 ? '尚未预取下一个号段' : `已预取 ${ready} 个号段`}。`,
    used: '灰色为已使用。步长即号段长度，随负载调整。',
    point: ({ from, latest, seconds }) =>
      `预取点：从虚线处（剩余 ${from}）起，若余量不足 ${seconds} 秒之用，即预取下一个号段；到实线处（剩余 ${latest}）则必定预取。数秒内就用完号段的标签会更早预取，且预取多个。`,
  },
)
