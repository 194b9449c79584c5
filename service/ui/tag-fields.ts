import type { TagRequest } from '../app/tag-request.ts'
import { ALGORITHMS, type AlgorithmName, NUMERIC_ALGORITHMS } from '../core/algorithm.ts'
import { IdgenError } from '../core/errors.ts'
import type { IdFormat } from '../core/id-format.ts'
import { DEFAULT_SPACE, defaultChain, type NumberSpace, type StepBounds, type Tag } from '../core/tag.ts'
import { TAG_LABELS } from './field-labels.ts'
import { type FormatFields, formatFieldset, formatFieldsOf, formatOfFields } from './format-fields.ts'
import { attr, type Html, html } from './html.ts'
import { bilingual } from './language.ts'
import { field } from './parts.ts'
import type { Member } from './visit.ts'

/** The fields of a form by which a tag is made or changed, and what the form says when it is sent. */

/** What stands in the fields. */
export interface TagFields {
  readonly displayName: string
  readonly chain: readonly AlgorithmName[]
  readonly step: Readonly<Record<keyof StepBounds, string>>
  /** undefined: the tag is there, and its space is fixed. */
  readonly space: Readonly<Record<SpaceField, string>> | undefined
  /** There together with `space`. */
  readonly format: FormatFields | undefined
}

type SpaceField = 'startAt' | 'cellSize' | 'dcCount'
const STEP_FIELDS = ['base', 'min', 'max'] as const
const SPACE_FIELDS = ['startAt', 'cellSize', 'dcCount'] as const

/** `query`: a link may have a format in it. Empty is what follows from other fields. */
export function newTagFields(query: URLSearchParams): TagFields {
  return {
    displayName: '',
    chain: defaultChain('segment'),
    step: { base: '', min: '', max: '' },
    space: { ...textOf(SPACE_FIELDS, DEFAULT_SPACE), cellSize: '' },
    format: formatFieldsOf(query),
  }
}

export function fieldsOfTag({ displayName, chain, step }: Tag): TagFields {
  return { displayName, chain, step: textOf(STEP_FIELDS, step), space: undefined, format: undefined }
}

/** As they were typed, to show them again. */
export function fieldsOfForm(form: URLSearchParams): TagFields {
  const typed = <K extends string>(names: readonly K[]): Record<K, string> =>
    Object.fromEntries(names.map((name) => [name, form.get(name) ?? ''])) as Record<K, string>
  const isNew = form.has('startAt')
  return {
    displayName: form.get('displayName') ?? '',
    chain: chainOf(form),
    step: typed(STEP_FIELDS),
    space: isNew ? typed(SPACE_FIELDS) : undefined,
    format: isNew ? formatFieldsOf(form) : undefined,
  }
}

/** What they ask for. @throws IDGEN_REQUEST_INVALID where no whole number stands, or what is no format */
export function requestOfForm(form: URLSearchParams): TagRequest {
  const { displayName, chain, step, space, format: typed } = fieldsOfForm(form)
  const format = typed && formatOfFields(typed)
  return {
    displayName,
    ...wantedChain(chain, format),
    step: numbers<StepBounds>('step', step),
    ...(space !== undefined && {
      space: { ...numbers<NumberSpace>('space', space), ...(format !== undefined && { format }) },
    }),
  }
}

/** Ticks that nobody changed: with a format the service ends the chain where the format cannot be written any more. */
function wantedChain(
  chain: readonly AlgorithmName[],
  format: IdFormat | undefined,
): Pick<TagRequest, 'algorithm' | 'chain'> {
  const [first] = chain
  const isWhole = first !== undefined && chain.join() === defaultChain(first).join()
  return format !== undefined && isWhole && NUMERIC_ALGORITHMS.includes(first)
    ? { algorithm: first }
    : { chain }
}

/** Those that are ticked, in the one order that a chain may have. */
export function chainOf(form: URLSearchParams): AlgorithmName[] {
  const ticked = form.getAll('chain')
  return ALGORITHMS.filter((algorithm) => ticked.includes(algorithm))
}

/** A field that is empty is left out: then its default counts, or what the tag has. */
function numbers<T>(group: string, typed: Readonly<Record<string, string>>): Partial<T> {
  const faults = Object.entries(typed)
    .filter(([, text]) => text !== '' && !/^\d{1,16}$/.test(text))
    .map(([name, text]) => ({
      path: `/${group}/${name}`,
      message: `must be a whole number, not ${JSON.stringify(text.slice(0, 40))}`,
    }))
  if (faults.length > 0)
    throw new IdgenError('IDGEN_REQUEST_INVALID', faults.map((f) => `${f.path} ${f.message}`).join('; '), {
      faults,
    })
  return Object.fromEntries(
    Object.entries(typed).flatMap(([name, text]) => (text === '' ? [] : [[name, Number(text)]])),
  ) as Partial<T>
}

function textOf<K extends string>(
  names: readonly K[],
  values: Readonly<Record<K, number>>,
): Record<K, string> {
  return Object.fromEntries(names.map((name) => [name, String(values[name])])) as Record<K, string>
}

export function tagFieldset(member: Member, fields: TagFields): Html {
  const words = member.say(WORDS)
  const { space, format } = fields
  return html`${field({ name: 'displayName', label: words.displayName, value: fields.displayName })}
${chainFieldset(member, fields.chain)}
${stepFieldset(member, fields.step, space === undefined ? undefined : words.stepEmpty)}
${format !== undefined && formatFieldset(member, format)}
${
  space !== undefined &&
  html`<details class="rounded-md border border-line p-4"><summary class="cursor-pointer text-sm font-medium">${words.space}</summary>
<p class="hint mb-3">${words.spaceHint}</p><div class="grid gap-4 sm:grid-cols-3">${SPACE_FIELDS.map((name) => field({ name, label: words[name], value: space[name], type: 'number', ...(name === 'cellSize' && { hint: words.cellSizeEmpty }) }))}</div></details>`
}`
}

export function chainFieldset({ say }: Member, chain: readonly AlgorithmName[]): Html {
  const words = say(WORDS)
  return html`<fieldset><legend class="label">${words.chain}</legend><p class="hint mb-2">${words.chainHint}</p>
<div class="grid gap-2 sm:grid-cols-2">${ALGORITHMS.map(
    (algorithm) =>
      html`<div class="flex gap-2 rounded-md border border-line p-3"><input id="chain-${algorithm}" type="checkbox" name="chain" value="${algorithm}" ${attr('checked', chain.includes(algorithm))} aria-describedby="about-${algorithm}">
<div><label for="chain-${algorithm}" class="text-sm font-medium">${algorithm}</label><p id="about-${algorithm}" class="hint">${words.about[algorithm]}</p></div></div>`,
  )}</div></fieldset>`
}

/** `empty`: what a field says that is left empty. */
export function stepFieldset({ say }: Member, step: TagFields['step'], empty?: string): Html {
  const words = say(WORDS)
  return html`<fieldset><legend class="label">${words.step}</legend><p class="hint mb-2">${words.stepHint} ${empty}</p>
<div class="grid gap-4 sm:grid-cols-3">${STEP_FIELDS.map((name) => field({ name, label: words[name], value: step[name], type: 'number' }))}</div></fieldset>`
}

const WORDS = bilingual(
  {
    ...TAG_LABELS.en,
    chainHint:
      'The first that is ticked gives the IDs; when it cannot, the next one does, until it is back. Untick the UUIDs where an ID must stay a number; with a format the chain ends before them by itself.',
    about: {
      segment: 'Numbers that count up, in blocks from the database. Gaps, never duplicates.',
      snowflake: '63-bit numbers from time, data centre and worker. Roughly in order of time.',
      'uuid-v7': '128 bits in order of time. Needs no store at all.',
      'uuid-v4': '128 random bits. Tells nothing, needs nothing.',
    },
    stepHint:
      'How many numbers a process takes at once. It grows with the load, between the least and the most; what is not used when a process dies becomes a gap.',
    stepEmpty:
      'Left empty: 1,000 at first, from 100 to 1,000,000; with a date at most 100 at first, so that few are lost each day.',
    cellSizeEmpty: 'Left empty: 2^32; with a date what the digits allow.',
    space: 'Number space (fixed for ever)',
    spaceHint:
      'Each data centre owns every n-th cell, so that no two of them ever give the same number. It cannot be changed later.',
  },
  {
    ...TAG_LABELS.zh,
    chainHint:
      '使用第一个勾选的算法发号；不可用时依次降级到下一个，恢复后自动切回。若 ID 必须为数字，请取消勾选 UUID；设置格式后链条会自动在 UUID 之前结束。',
    about: {
      segment: '从数据库成段领取的递增数字。可能有空缺，绝不重复。',
      snowflake: '由时间、数据中心、工作机器编号组成的 63 位数字，大致按时间有序。',
      'uuid-v7': '按时间有序的 128 位标识，不依赖任何存储。',
      'uuid-v4': '128 位随机标识，不透露信息，也无需任何依赖。',
    },
    stepHint:
      '进程一次领取的号码数量，随负载在最小值与最大值之间调整；进程异常退出时未用完的号码会成为空缺。',
    stepEmpty: '留空：初始 1,000，范围 100 到 1,000,000；带日期时初始至多 100，以减少每日的空缺。',
    cellSizeEmpty: '留空：2^32；带日期时由位数决定。',
    space: '号码空间（创建后不可更改）',
    spaceHint: '各数据中心按序轮流占有单元，因此任意两个数据中心都不会发出相同的号码。创建后不可更改。',
  },
)
