import { cellCount, ownedCells } from '../core/cells.ts'
import { givesSafeNumbers, isWritten, layoutOf, type ResetPeriod } from '../core/id-format.ts'
import type { NumberSpace, TagDraft } from '../core/tag.ts'
import { bilingual, type Language } from './language.ts'
import { plainNumber, shortNumber } from './number-text.ts'

/** What a tag with these settings, which have no fault, would do. */
export function tagSentences(draft: TagDraft, language: Language): string[] {
  const { chain, step, space } = draft
  const words = WORDS[language]
  const [first = 'segment', ...others] = chain
  const said = [
    others.length === 0 ? words.alone(first) : words.inTurn(first, others),
    ...kinds(draft, words),
  ]
  if (space.format !== undefined) said.push(isWritten(space.format) ? words.forEver : words.layoutForEver)
  if (!chain.includes('segment')) return said
  const short = (value: number): string => shortNumber(value, language)
  // As core/segment-step.ts wants it: a segment lasts about as long as it takes to fetch some more.
  said.push(words.steps(plainNumber(step.base, language), short(step.min), short(step.max)))
  said.push(words.gap(short(step.max)))
  return [...said, ...lasting(space, words, language)]
}

type Sentences = (typeof WORDS)['en']

/** What its IDs are at first, and what they become further down the chain: whoever stores them must have room for both. */
function kinds({ chain, space: { format } }: TagDraft, words: Sentences): string[] {
  const [first = 'segment', ...others] = chain
  const isText = isWritten(format)
  const said: string[] = []
  if (isText) said.push(words.formatted)
  else if (first.startsWith('uuid')) said.push(words.uuids[first === 'uuid-v7' ? first : 'uuid-v4'])
  else if (givesSafeNumbers(first, format)) said.push(words.safe)
  else said.push(layoutOf(format) === undefined ? words.snowflake : words.wideLayout)
  if (first === 'segment' && others.includes('snowflake'))
    said.push(isText ? words.longerText : words.aboveSafe)
  if (!first.startsWith('uuid') && others.some((one) => one.startsWith('uuid'))) said.push(words.mixed)
  return said
}

function lasting(space: NumberSpace, words: Sentences, language: Language): string[] {
  const short = (value: number): string => shortNumber(value, language)
  const reset = space.format?.reset
  if (reset !== undefined)
    return [words.everyDate(reset, space.dcCount, plainNumber(space.cellSize, language))]
  const numbers = ownedCells(space, 0) * space.cellSize
  const said = [
    words.lasts(space.dcCount, short(numbers), words.time(numbers / EXAMPLE_RATE), short(EXAMPLE_RATE)),
  ]
  if (cellCount(space) < 2 * space.dcCount) said.push(words.fewCells)
  return said
}

/** IDs a second of one data centre, in an example that people can think with. */
const EXAMPLE_RATE = 1000
const YEAR_S = 31_557_600

const PERIODS_ZH: Readonly<Record<ResetPeriod, string>> = { day: '天', month: '月', year: '年' }

const WORDS = bilingual(
  {
    alone: (first: string) =>
      `Only ${first} gives IDs; while it cannot, requests are answered 503 with Retry-After.`,
    inTurn: (first: string, others: readonly string[]) =>
      `${first} gives the IDs; when it cannot, ${others.join(', then ')}.`,
    safe: 'IDs are numbers below 2^53: safe in every language, JavaScript included.',
    snowflake: 'IDs are 63-bit numbers: give them to JavaScript as text.',
    wideLayout: 'IDs are numbers that may lie above 2^53: give them to JavaScript as text.',
    uuids: {
      'uuid-v7': 'IDs are UUIDs in order of time: text of 36 characters.',
      'uuid-v4': 'IDs are random UUIDs: text of 36 characters.',
    },
    formatted: 'IDs are text in this format; “Read an ID” tells the number behind one.',
    aboveSafe:
      'While snowflake stands in for segment, IDs are 63-bit numbers above 2^53: keep room for 64 bits, and give them to JavaScript as text.',
    longerText: 'While snowflake stands in for segment, the number is above 2^53 and its text is longer.',
    mixed: 'At the end of the chain stand UUIDs: a column for these IDs must take text.',
    forEver: 'The format can never be changed: another one is a new tag with another name.',
    layoutForEver: 'The layout can never be changed: another one is a new tag with another name.',
    everyDate: (period: ResetPeriod, dcs: number, numbers: string) =>
      `Every ${period} counts from the beginning again and has ${numbers} IDs for ${dcs === 1 ? 'the one data centre' : `each of ${dcs} data centres`}: when they are used up, the tag refuses until the ${period} is over.`,
    steps: (base: string, min: string, max: string) =>
      `A process takes ${base} numbers at a time at first, later between ${min} and ${max} as its load asks for.`,
    gap: (max: string) =>
      `When a process dies, at most the segments in its memory become a gap (up to ${max} numbers each).`,
    lasts: (dcs: number, numbers: string, time: string, rate: string) =>
      `${dcs === 1 ? 'The one data centre' : `Each of ${dcs} data centres`} owns ${numbers} numbers: at ${rate} a second they last ${time}.`,
    time: (seconds: number) => {
      if (seconds > 100 * YEAR_S)
        return `${plainNumber(Math.round(seconds / YEAR_S / 100) * 100, 'en')} years`
      const days = Math.max(1, Math.round(seconds / 86_400))
      return days === 1 ? '1 day' : `${plainNumber(days, 'en')} days`
    },
    fewCells: 'There is hardly a second cell for each data centre: take smaller cells, or start lower.',
  },
  {
    alone: (first) => `仅由 ${first} 发号；不可用时请求返回 503 及 Retry-After。`,
    inTurn: (first, others) => `由 ${first} 发号；不可用时依次降级为 ${others.join('、')}。`,
    safe: 'ID 是小于 2^53 的数字，在包括 JavaScript 在内的所有语言中都安全。',
    snowflake: 'ID 是 63 位数字，传给 JavaScript 时请使用文本。',
    wideLayout: 'ID 是可能大于 2^53 的数字，传给 JavaScript 时请使用文本。',
    uuids: {
      'uuid-v7': 'ID 是按时间有序的 UUID，36 个字符的文本。',
      'uuid-v4': 'ID 是随机 UUID，36 个字符的文本。',
    },
    formatted: 'ID 是此格式的文本；在“解析 ID”中可查看其背后的号码。',
    aboveSafe:
      '由 snowflake 代替 segment 期间，ID 是大于 2^53 的 63 位数字：请预留 64 位空间，传给 JavaScript 时请使用文本。',
    longerText: '由 snowflake 代替 segment 期间，号码大于 2^53，文本更长。',
    mixed: '降级链末端为 UUID：存放这些 ID 的列必须能容纳文本。',
    forEver: '格式永远不可更改：需要其他格式时请另建其他名称的标签。',
    layoutForEver: '位布局永远不可更改：需要其他布局时请另建其他名称的标签。',
    everyDate: (period, dcs, numbers) =>
      `每${PERIODS_ZH[period]}重新计数，${dcs} 个数据中心各有 ${numbers} 个 ID；用完后将拒绝发号，直到当${PERIODS_ZH[period]}结束。`,
    steps: (base, min, max) => `进程起初每次领取 ${base} 个号码，之后随负载在 ${min} 与 ${max} 之间调整。`,
    gap: (max) => `进程异常退出时，最多只有内存中的号段成为空缺（每段至多 ${max} 个号码）。`,
    lasts: (dcs, numbers, time, rate) =>
      `${dcs} 个数据中心各拥有 ${numbers} 个号码：按每秒 ${rate} 个计算可用 ${time}。`,
    time: (seconds) =>
      seconds > 100 * YEAR_S
        ? `${Math.round(seconds / YEAR_S / 100) * 100} 年`
        : `${Math.max(1, Math.round(seconds / 86_400))} 天`,
    fewCells: '每个数据中心几乎没有第二个单元：请减小单元，或降低起始号码。',
  },
)
