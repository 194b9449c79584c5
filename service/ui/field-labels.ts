import { bilingual, type Language } from './language.ts'

/** What the fields of forms are called: above the field, and where something is wrong with it. */

export const TAG_LABELS = bilingual(
  {
    displayName: 'Name for people',
    chain: 'Algorithms',
    step: 'Step of a segment',
    base: 'At first',
    min: 'Least',
    max: 'Most',
    space: 'Number space',
    startAt: 'First number',
    cellSize: 'Numbers of a cell',
    dcCount: 'Data centres (1 to 8)',
    format: 'Format of IDs',
  },
  {
    displayName: '显示名称',
    chain: '算法',
    step: '号段步长',
    base: '初始值',
    min: '最小值',
    max: '最大值',
    space: '号码空间',
    startAt: '起始号码',
    cellSize: '每个单元的号码数',
    dcCount: '数据中心数量（1 到 8）',
    format: 'ID 格式',
  },
)

export const FORMAT_LABELS = bilingual(
  {
    prefix: 'Prefix',
    suffix: 'Suffix',
    separator: 'Separator',
    snowflake: 'Layout of snowflakes',
    radix: 'Digits',
    width: 'Width',
    check: 'Check character',
    reset: 'Begin anew, with a date',
    utcOffsetMinutes: 'Minutes east of UTC',
    shuffleKey: 'Shuffle key',
  },
  {
    prefix: '前缀',
    suffix: '后缀',
    separator: '分隔符',
    snowflake: '雪花 ID 的位布局',
    radix: '进制',
    width: '位数',
    check: '校验位',
    reset: '按日期重新计数',
    utcOffsetMinutes: 'UTC 以东的分钟数',
    shuffleKey: '乱序密钥',
  },
)

export const KEY_LABELS = bilingual(
  { name: 'Name', scopes: 'Scopes', within: 'Limited to', expiresAt: 'Valid until' },
  { name: '名称', scopes: '权限', within: '范围', expiresAt: '有效期至' },
)

export const ROTATION_LABELS = bilingual(
  { hours: 'Hours for which the present secret stays valid' },
  { hours: '当前密钥继续有效的小时数' },
)

const LINE_LABELS = bilingual({ line: 'Line' }, { line: '此行' })

/** The name of the field that a fault is about; undefined: no form has a field for it. */
export function fieldLabel(path: string, language: Language): string | undefined {
  const [, first = '', second, third, ...deeper] = path.split('/')
  if (deeper.length > 0) return undefined
  const [tag, format]: readonly Readonly<Record<string, string>>[] = [
    TAG_LABELS[language],
    FORMAT_LABELS[language],
  ]
  if (first === 'space' && second === 'format') return third === undefined ? tag?.['format'] : format?.[third]
  if (third !== undefined) return undefined
  if (first === 'step' && second !== undefined) return within(tag?.['step'], tag?.[second], language)
  if (first === 'space' && second !== undefined) return tag?.[second]
  const whole: Readonly<Record<string, string>> = {
    ...tag,
    ...KEY_LABELS[language],
    ...ROTATION_LABELS[language],
    ...LINE_LABELS[language],
  }
  return second === undefined ? whole[first] : undefined
}

/** "At first" alone says nothing outside of its form. */
function within(
  group: string | undefined,
  label: string | undefined,
  language: Language,
): string | undefined {
  if (group === undefined || label === undefined) return undefined
  return language === 'zh' ? `${group}（${label}）` : `${group} (${label})`
}
