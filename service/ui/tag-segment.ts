import type { LiveTag } from '../app/live-tag.ts'
import { type Html, html } from './html.ts'
import { bilingual } from './language.ts'
import { plainNumber, shortNumber } from './number-text.ts'
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
  const size = buffer.segmentSize
  const picture =
    size === undefined
      ? html`<p class="text-sm text-muted">${words.noSegment}</p>`
      : boxes(member, size, buffer.left)
  return html`<p class="mb-3 flex flex-wrap items-center gap-2 text-sm">${state} ${words.issued(plainNumber(ids, language))}</p>${picture}`
}

function boxes(member: Member, size: number, left: number): Html {
  const words = member.say(WORDS)
  const { language } = member.preferences
  const whole = Math.floor(left / size)
  const rest = left / size - whole
  // The one in use, of which a part is left, then those that are whole.
  const shares = [
    ...(rest > 0 || whole === 0 ? [rest] : []),
    ...Array.from({ length: Math.min(whole, BOXES_MAX) }, () => 1),
  ]
  const width = 300 / Math.max(2, shares.length)
  const drawn = shares.map(
    (share, at) =>
      html`<rect x="${at * width}" y="0" width="${width - 3}" height="28" rx="4" class="fill-raised"></rect><rect x="${at * width + (1 - share) * (width - 3)}" y="0" width="${share * (width - 3)}" height="28" rx="4" class="fill-accent"></rect>`,
  )
  const text = words.memory(
    plainNumber(left, language),
    shortNumber(left / size, language),
    plainNumber(size, language),
  )
  return html`<figure><svg viewBox="0 0 300 28" role="img" aria-label="${text}" class="block h-7 w-full max-w-xl" preserveAspectRatio="none">${drawn}</svg><figcaption class="hint">${text} ${words.ahead}</figcaption></figure>`
}

/** A hungry tag holds a chain of them; more than this is a blur. */
const BOXES_MAX = 8

const WORDS = bilingual(
  {
    notLoaded: 'This process has not served the tag yet: it is loaded by the first request.',
    noSegment: 'No segment is in memory.',
    degraded: (name: string) => `degraded: ${name} serves`,
    issued: (count: string) => `${count} IDs issued here since it was loaded`,
    memory: (left: string, segments: string, size: string) =>
      `${left} numbers in memory: ${segments === '1' ? '1 segment' : `${segments} segments`} of ${size}.`,
    ahead: 'Grey is used. The next segment is fetched before the one in use ends; the step follows the load.',
  },
  {
    notLoaded: '本进程尚未服务该标签：首次请求时载入。',
    noSegment: '内存中没有号段。',
    degraded: (name) => `已降级：由 ${name} 发号`,
    issued: (count) => `载入以来本进程已发出 ${count} 个 ID`,
    memory: (left, segments, size) => `内存中有 ${left} 个号码：${segments} 个长度为 ${size} 的号段。`,
    ahead: '灰色为已使用。当前号段用完之前会预取下一个；步长随负载调整。',
  },
)
