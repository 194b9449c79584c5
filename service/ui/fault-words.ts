import type { FieldFault } from '../core/errors.ts'
import { fieldLabel } from './field-labels.ts'
import type { Visit } from './visit.ts'

/**
 * A fault of one field, in the language of the page, with what the form calls the field; where there are no words for it, English
 * and the place in a request, as on every protocol.
 */
export function faultText({ preferences: { language } }: Visit, { path, message }: FieldFault): string {
  const label = fieldLabel(path, language)
  const said = (language === 'zh' ? faultInChinese(message) : undefined) ?? message
  if (label === undefined) return `${path} ${said}`
  return language === 'zh' ? `${label}：${said}` : `${label}: ${said}`
}

/** undefined: there are no words for it. */
export function faultInChinese(message: string): string | undefined {
  for (const [pattern, words] of WORDS_ZH) {
    const found = pattern.exec(message)
    if (found !== null) return words(...found.slice(1))
  }
  return undefined
}

type Words = (...values: readonly string[]) => string

/**
 * By kind: the sentences of the core and of what fills in forms, with the values that they name. fault-words.test.ts brings every one
 * of these faults about, and fails for one that has no words here and for words that nothing says.
 */
export const WORDS_ZH: readonly (readonly [RegExp, Words])[] = [
  // One field by itself.
  [/^must be a whole number, not (.+)$/, (value) => `必须是整数，不能是 ${value}`],
  [
    /^must be an integer from (\S+) to (2\^53 - 1|\S+), not (.+)$/,
    (least, most, value) => `必须是 ${least} 到 ${most} 的整数，不能是 ${value}`,
  ],
  [
    /^must be an integer of at least (\S+), not (.+)$/,
    (least, value) => `必须是不小于 ${least} 的整数，不能是 ${value}`,
  ],
  [/^must be one of (.+), not (.+)$/, (choices, value) => `必须是以下之一：${choices}；不能是 ${value}`],
  [
    /^must be up to (\d+) of (.+), not (".*"?|\S+)$/,
    (most, allowed, value) => `最多 ${most} 个字符，仅限 ${allowed}；不能是 ${value}`,
  ],
  [
    /^must have at most (\d+) characters, not (\d+)$/,
    (most, count) => `最多 ${most} 个字符，现有 ${count} 个`,
  ],
  [/^must not hold control characters or half surrogate pairs$/, () => '不能含有控制字符或不完整的字符'],
  [
    /^must be 32 hex digits in lower case; (".+") makes some$/,
    (command) => `必须是 32 位小写十六进制数字，可用 ${command} 生成`,
  ],
  [
    /^must have 1 to (\d+) characters, none of them a control character$/,
    (most) => `必须有 1 到 ${most} 个字符，且不含控制字符`,
  ],
  [
    /^must be at most (\d+) characters without control characters$/,
    (most) => `最多 ${most} 个字符，且不含控制字符`,
  ],
  [
    /^must be a time from 1970 to 9999, such as (\S+), not (.+)$/,
    (example, value) => `必须是 1970 年到 9999 年的时间，例如 ${example}；不能是 ${value}`,
  ],
  [/^must be a time in the future$/, () => '必须是将来的时间'],
  [
    /^must be 0 to (\d+) seconds \((\d+) days\), not (.+)$/,
    (most, days, value) => `必须是 0 到 ${most} 秒（${days} 天），不能是 ${value}`,
  ],
  [
    /^must be 0 to (\d+) hours \((\d+) days\), not (.+)$/,
    (most, days, value) => `必须是 0 到 ${most} 小时（${days} 天），不能是 ${value}`,
  ],
  [/^must name at least one of (.+)$/, (choices) => `至少选择一项：${choices}`],
  [/^knows (.+), not (.+)$/, (choices, value) => `只能是 ${choices}，不能是 ${value}`],
  [
    /^must be (w, w\/g or w\/g\/t), not (.+)$/,
    (forms, value) => `必须是 ${forms} 之一的形式，不能是 ${value}`,
  ],
  [
    /^must be workspace\/group\/tag, then one of (.+), a step, and fields of a format such as (\S+); not (.+)$/,
    (algorithms, example, value) =>
      `必须写成 工作空间/分组/标签，之后可写算法（${algorithms}）、步长，以及格式字段（例如 ${example}）；不能是 ${value}`,
  ],
  // Algorithms.
  [/^must name at least one algorithm$/, () => '至少选择一种算法'],
  [/^names an algorithm twice$/, () => '同一算法出现了两次'],
  [
    /^must be UUIDs alone: the tag was imported, and any number may be one of the old system$/,
    () => '只能使用 UUID：该标签是导入的，任何数字都可能是旧系统已发出的',
  ],
  [
    /^must not have snowflake: the tag was imported without it, and snowflakes may be IDs of the old system$/,
    () => '不能包含 snowflake：该标签导入时已排除它，雪花号可能是旧系统已发出的',
  ],
  [/^must keep the order (.+)$/, (order) => `必须保持顺序 ${order}`],
  [/^must begin with \/algorithm$/, () => '必须以 /algorithm 开头'],
  [
    /^must begin with snowflake with a layout of its own: .+$/,
    () => '使用自有布局时必须以 snowflake 开头：否则号段的号码可能与之相同',
  ],
  [/^must end before the UUIDs with a format: .+$/, () => '设置格式时必须在 UUID 之前结束：UUID 不是数字'],
  [
    /^must be (\["segment"\]) with (\w+): .+$/,
    (chain, field) => `设置 ${field} 时必须为 ${chain}：雪花 ID 自带日期与顺序`,
  ],
  // Steps and the number space.
  [/^must not exceed the cell size \((\S+)\)$/, (size) => `不能超过单元的号码数（${size}）`],
  [/^must not exceed (base|max) \((\S+)\)$/, (field, value) => `不能超过 ${field}（${value}）`],
  [
    /^leaves no whole cell for every data centre below 2\^53$/,
    () => '在 2^53 以下不足以为每个数据中心各留一个完整单元',
  ],
  // Formats.
  [/^is no field of a format$/, () => '不是格式的字段'],
  [/^must be an object$/, () => '必须是对象'],
  [/^must be text$/, () => '必须是文本'],
  [/^says nothing: leave it out$/, () => '没有内容：请省略'],
  [
    /^has no reset and no shuffleKey: .+$/,
    () => '不能与 reset 或 shuffleKey 同时使用：雪花 ID 自带日期与顺序',
  ],
  [
    /^iso7064 is for radix 10 and 36; with (\d+) use luhn$/,
    (radix) => `iso7064 仅适用于 10 与 36 进制；${radix} 进制请用 luhn`,
  ],
  [
    /^must be at least (\d+) with reset, radix (\d+) and dcCount (\d+): each data centre needs (\d+) .+$/,
    (least, radix, dcs, serials) =>
      `按日期重新计数、${radix} 进制、${dcs} 个数据中心时至少为 ${least}：每个数据中心每个周期至少需要 ${serials} 个 ID`,
  ],
  [
    /^goes with numbers, and UUIDs are none: .+$/,
    () => '仅用于数字，UUID 不是数字：请省略，或以 segment、snowflake 开头',
  ],
  [/^belongs to a format with reset$/, () => '仅用于带 reset 的格式'],
  [/^is needed with reset: .+$/, () => '使用 reset 时必填：它决定每个周期有多少个 ID'],
  [
    /^must be at least (\d+) with shuffleKey: .+$/,
    (least) => `使用 shuffleKey 时至少为 ${least}：号码太少会暴露顺序`,
  ],
  [/^must be 1 with reset: .+$/, () => '使用 reset 时必须为 1：号码由日期决定'],
  [
    /^follows from width with reset, (\d+) for (\d+) data centres: leave it out$/,
    (size, dcs) => `使用 reset 时由 width 决定，${dcs} 个数据中心时为 ${size}：请省略`,
  ],
  [
    /^must be smaller with a reset every (day|month|year): .+$/,
    (period) =>
      `每${PERIODS_ZH[period] ?? period}重新计数时必须更小：否则 2^53 以下的号码在 2100 年之前就会用完`,
  ],
  // Layouts of snowflakes.
  [
    /^must be (\S+) or an object of bit widths(?:, not (.+))?$/,
    (names, value) => `必须是 ${names} 或位宽对象${value === undefined ? '' : `，不能是 ${value}`}`,
  ],
  [/^has the field (.*), which no layout has$/, (name) => `含有布局所没有的字段 ${name}`],
  [
    /^needs (\w+) as an integer from (\d+) to (\d+), not (.+)$/,
    (field, least, most, value) => `${field} 必须是 ${least} 到 ${most} 的整数，不能是 ${value}`,
  ],
  [
    /^needs an epochMs that is past, not (\d+) \((\S+); it is (\S+) now\): .+$/,
    (epochMs, begins, now) =>
      `的 epochMs 必须已过去，不能是 ${epochMs}（${begins}；现在是 ${now}）：在此之前无法发号`,
  ],
  [
    /^has (\d+) bits: at most (\d+) are a positive integer$/,
    (bits, most) => `共 ${bits} 位：最多 ${most} 位才是正整数`,
  ],
  [
    /^has (\d+) bits below the time: at most (\d+) are possible$/,
    (bits, most) => `时间以下共 ${bits} 位：最多 ${most} 位`,
  ],
  [
    /^lasts (\S+) years: .+, for at least (\d+)$/,
    (years, least) => `只够用 ${years} 年：请增加 timeBits 或加长 unitMs，至少 ${least} 年`,
  ],
  [
    /^lasts (\S+) years, beyond the year 9999: .+$/,
    (years) => `可用 ${years} 年，超出 9999 年：请减少 timeBits、缩短 unitMs 或提前 epochMs`,
  ],
]

const PERIODS_ZH: Readonly<Record<string, string>> = { day: '天', month: '月', year: '年' }
