import { randomBytes } from 'node:crypto'
import { CHECK_KINDS } from '../core/check-digit.ts'
import { IdgenError } from '../core/errors.ts'
import {
  FORMAT_FIELDS,
  type IdFormat,
  layoutOf,
  RADIXES,
  RESET_PERIODS,
  readFormat,
} from '../core/id-format.ts'
import { LAYOUT_NAMES, type TagLayout } from '../core/tag-layout.ts'
import { FORMAT_LABELS } from './field-labels.ts'
import { attr, type Html, html } from './html.ts'
import { bilingual } from './language.ts'
import { choice, field } from './parts.ts'
import type { Member } from './visit.ts'

/** The section of a new tag's form that says how its IDs are written (docs/formats.md). */

/** What stands in its fields. `shuffle`: whether the key in `shuffleKey` counts. */
export type FormatFields = Readonly<Record<keyof IdFormat | 'shuffle', string>>

/** As they were typed, or as a link to the form has them. */
export function formatFieldsOf(given: URLSearchParams): FormatFields {
  const names = [...FORMAT_FIELDS, 'shuffle'] as const
  return Object.fromEntries(names.map((name) => [name, given.get(name) ?? ''])) as FormatFields
}

/** Of `prefix=INV-`, `width=6` and so on; undefined: a name that no format has. */
export function formatFieldsOfPairs(pairs: readonly string[]): FormatFields | undefined {
  const typed = new URLSearchParams()
  for (const pair of pairs) {
    const [name = '', ...value] = pair.split('=')
    if (!FORMAT_FIELDS.some((field) => field === name)) return undefined
    typed.set(name, value.join('='))
  }
  if (typed.has('shuffleKey')) typed.set('shuffle', 'yes')
  return formatFieldsOf(typed)
}

/** What they ask for; undefined: numbers as they are. @throws IDGEN_REQUEST_INVALID with every fault of it */
export function formatOfFields(fields: FormatFields): IdFormat | undefined {
  const raw = FORMAT_FIELDS.filter((name) =>
    name === 'shuffleKey' ? fields.shuffle !== '' : fields[name] !== '',
  ).map((name) => [name, NUMBERS.has(name) ? numberIn(fields[name]) : fields[name]])
  if (raw.length === 0) return undefined
  const read = readFormat('/space/format', Object.fromEntries(raw))
  if ('format' in read) return read.format
  const message = read.faults.map((fault) => `${fault.path} ${fault.message}`).join('; ')
  throw new IdgenError('IDGEN_REQUEST_INVALID', message, { faults: read.faults })
}

const NUMBERS: ReadonlySet<string> = new Set<keyof IdFormat>(['radix', 'width', 'utcOffsetMinutes'])

/** What is no whole number stays text, which is then refused with it in the sentence. */
function numberIn(text: string): number | string {
  const trimmed = text.trim()
  return /^[+-]?\d{1,9}$/.test(trimmed) ? Number(trimmed) : text
}

/** Closed until there is something in it: most tags give plain numbers. Without scripts it opens all the same. */
export function formatFieldset({ say }: Member, fields: FormatFields): Html {
  const words = say(WORDS)
  const isUsed = Object.entries(fields).some(([name, text]) => name !== 'shuffleKey' && text !== '')
  const text = (name: 'prefix' | 'suffix' | 'separator' | 'width' | 'utcOffsetMinutes'): Html =>
    field({ name, label: words[name], value: fields[name], hint: words.hints[name] })
  const one = (
    name: 'radix' | 'check' | 'reset' | 'snowflake',
    choices: readonly (string | number)[],
  ): Html =>
    choice({
      id: `format-${name}`,
      name,
      label: words[name],
      value: fields[name],
      choices: [
        ['', words.none[name]],
        ...choices.map((value) => [value, words.choices[value] ?? String(value)] as const),
      ],
    })
  const [, ...lettered] = RADIXES
  return html`<details class="rounded-md border border-line p-4" ${attr('open', isUsed)}><summary class="cursor-pointer text-sm font-medium">${words.title}</summary>
<p class="hint mb-3">${words.lead}</p><div class="grid items-start gap-4 sm:grid-cols-3">${text('prefix')}${one('radix', lettered)}${text('width')}
${one('reset', RESET_PERIODS)}${text('separator')}${text('utcOffsetMinutes')}
${one('check', CHECK_KINDS)}${text('suffix')}${one('snowflake', LAYOUT_NAMES)}</div>
${shuffleFields(words, fields)}</details>`
}

function shuffleFields(words: (typeof WORDS)['en'], fields: FormatFields): Html {
  // Made with the page, and sent back with it: the examples stay the same while the rest is typed.
  const value = fields.shuffleKey === '' ? randomBytes(16).toString('hex') : fields.shuffleKey
  return html`<div class="mt-4 flex gap-2 rounded-md border border-line p-3"><input id="shuffle" type="checkbox" name="shuffle" value="yes" ${attr('checked', fields.shuffle !== '')} aria-describedby="about-shuffle">
<div class="min-w-0 flex-1"><label for="shuffle" class="text-sm font-medium">${words.shuffle}</label><p id="about-shuffle" class="hint mb-3">${words.shuffleHint}</p>
${field({ name: 'shuffleKey', label: words.shuffleKey, value, hint: words.shuffleKeyHint })}</div></div>`
}

/** Of a tag that is there: what its format has, in the words of the form. */
export function formatRows({ say }: Member, format: IdFormat): (readonly [string, string])[] {
  const words = say(WORDS)
  return FORMAT_FIELDS.flatMap((name) => {
    if (name === 'snowflake') {
      const layout = layoutOf(format)
      return layout === undefined ? [] : [[words.snowflake, layoutText(layout)] as const]
    }
    const value = format[name]
    if (value === undefined) return []
    const said = name === 'radix' || name === 'check' || name === 'reset' ? words.choices[value] : undefined
    return [[words[name], said ?? String(value)] as const]
  })
}

/** In the order of the bits: epoch, unit, then time.dc.worker.sequence. */
function layoutText({ epochMs, unitMs, timeBits, dcBits, workerBits, sequenceBits }: TagLayout): string {
  return `${new Date(epochMs).toISOString()} + ${unitMs} ms, ${timeBits}.${dcBits}.${workerBits}.${sequenceBits} bits`
}

const CHOICES_EN: Readonly<Record<string, string>> = {
  '10': 'Decimal',
  '36': '0-9 A-Z (36)',
  '62': '0-9 A-Z a-z (62), case matters',
  luhn: 'Luhn',
  iso7064: 'ISO 7064 (decimal, 36)',
  day: 'Every day',
  month: 'Every month',
  year: 'Every year',
  '53-bit': '53 bits, safe in JavaScript (chain: snowflake first)',
}

const CHOICES_ZH: Readonly<Record<string, string>> = {
  '10': '十进制',
  '36': '0-9 A-Z（36 进制）',
  '62': '0-9 A-Z a-z（62 进制），区分大小写',
  luhn: 'Luhn',
  iso7064: 'ISO 7064（十进制、36 进制）',
  day: '每天',
  month: '每月',
  year: '每年',
  '53-bit': '53 位，JavaScript 安全（算法链须以 snowflake 开头）',
}

const WORDS = bilingual(
  {
    title: 'Format of IDs (fixed for ever)',
    lead: 'How the numbers are written: prefix, date, separator, digits, check character, suffix. It can never be changed, also not a prefix: another format is another tag, with another name. Left empty, IDs are plain numbers.',
    ...FORMAT_LABELS.en,
    shuffle: 'Hide how many there were',
    shuffleHint:
      'Neighbours look unlike each other. It hides volumes from customers; it does not make IDs hard to guess.',
    shuffleKeyHint:
      'Made at random for this form, and used where the box is ticked; 32 hex digits. Whoever may manage the tag sees it.',
    hints: {
      prefix: 'Up to 16 of A-Z a-z 0-9 . _ : / # + ~ -',
      suffix: 'As the prefix.',
      separator: 'Between date and digits.',
      width:
        'At least so many digits, with zeros. With a date exactly, and 4 or more (letters: 3) for 8 data centres; shuffled 6 (letters: 4).',
      utcOffsetMinutes: 'Where the day begins: 480 for China, -300 for New York; no summer time.',
    },
    none: { radix: 'Decimal', check: 'None', reset: 'Never', snowflake: 'As all tags' },
    choices: CHOICES_EN,
  },
  {
    title: 'ID 格式（创建后不可更改）',
    lead: '号码的书写方式：前缀、日期、分隔符、数字、校验位、后缀。创建后永远不可更改，前缀也不例外：需要其他格式时请另建其他名称的标签。全部留空则 ID 为普通数字。',
    ...FORMAT_LABELS.zh,
    shuffle: '隐藏发号数量',
    shuffleHint: '相邻的 ID 看起来毫无关联。它向客户隐藏业务量，但不能防止 ID 被猜中。',
    shuffleKeyHint: '为本表单随机生成，勾选后生效；32 位十六进制数字。有权管理该标签的人都能看到它。',
    hints: {
      prefix: '最多 16 个字符：A-Z a-z 0-9 . _ : / # + ~ -',
      suffix: '规则同前缀。',
      separator: '位于日期与数字之间。',
      width:
        '至少此位数，前面补零。带日期时恰为此位数，8 个数据中心时至少 4 位（含字母 3 位）；乱序时至少 6 位（含字母 4 位）。',
      utcOffsetMinutes: '一天从何时开始：中国为 480，纽约为 -300；不支持夏令时。',
    },
    none: { radix: '十进制', check: '无', reset: '从不', snowflake: '与所有标签相同' },
    choices: CHOICES_ZH,
  },
)
