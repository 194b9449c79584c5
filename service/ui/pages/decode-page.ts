import { authorize } from '../../app/authenticator.ts'
import { type DecodedId, decodeId, decodeOfTag } from '../../app/decode-id.ts'
import { parseTagPath } from '../../app/tag-directory.ts'
import { IdgenError } from '../../core/errors.ts'
import type { UiParts } from '../admin-ui.ts'
import { type Answer, page } from '../answer.ts'
import { errorText } from '../error-page.ts'
import { type Html, html } from '../html.ts'
import { bilingual } from '../language.ts'
import { card, field, heading } from '../parts.ts'
import type { UiRoutes } from '../ui-routes.ts'
import type { Member } from '../visit.ts'

/** What can be read off an ID alone: when, where and by whom it was made. Any key may ask. */
export function decodePages(routes: UiRoutes, { useCases: { layout, catalog } }: UiParts): void {
  routes.get('/ids', async (member): Promise<Answer> => {
    const text = (member.query.get('id') ?? '').trim()
    if (text === '') return decodePage(member, text)
    try {
      const path = member.query.get('tag') ?? ''
      if (path === '') return decodePage(member, text, parts(member, decodeId(text, layout)))
      // What a format writes can be read only by who knows the tag.
      authorize(member.caller, 'manage', path)
      const tag = await catalog.tag(parseTagPath(path))
      return decodePage(member, text, parts(member, decodeOfTag(text, tag, layout)))
    } catch (thrown) {
      return decodePage(member, text, errorText(member, IdgenError.from(thrown)))
    }
  })
}

function decodePage(member: Member, text: string, found?: Html): Answer {
  const words = member.say(WORDS)
  const body = html`${heading(words.title, { lead: words.lead })}
<form method="get" action="/ui/ids" class="card mb-4 flex flex-wrap items-start gap-3"><div class="min-w-48 flex-1">${field({ name: 'id', label: words.id, value: text, hint: words.hint })}</div>${tagField(member)}<div class="w-full sm:w-auto sm:pt-6"><button class="button w-full">${words.read}</button></div></form>
${found !== undefined && card('found', words.found, found)}`
  return page(words.title, 'ids', body)
}

/** Only who may manage the tag can have such an ID read. */
function tagField({ say, query, caller }: Member): Html | undefined {
  if (!caller.scopes.includes('manage')) return undefined
  const words = say(WORDS)
  const value = query.get('tag') ?? ''
  return html`<div class="min-w-48 flex-1">${field({ name: 'tag', label: words.tag, value, hint: words.tagHint })}</div>`
}

function parts({ say }: Member, decoded: DecodedId): Html {
  const words = say(WORDS)
  const rows: (readonly [string, string | number])[] = [[words.kind, words.kinds[decoded.kind]]]
  if (decoded.kind === 'segment') rows.push([words.number, decoded.id])
  if (decoded.kind === 'segment' && decoded.date !== undefined) rows.push([words.date, decoded.date])
  if (decoded.kind !== 'segment') {
    rows.push([words.version, decoded.version])
    if (decoded.timeMs !== undefined) rows.push([words.time, new Date(decoded.timeMs).toISOString()])
  }
  if (decoded.kind === 'snowflake')
    rows.push([words.dc, decoded.dc], [words.worker, decoded.worker], [words.sequence, decoded.sequence])
  return html`<dl class="grid gap-x-4 gap-y-2 text-sm sm:grid-cols-[10rem_1fr]">${rows.map(([term, text]) => html`<dt class="text-muted">${term}</dt><dd class="font-mono">${text}</dd>`)}</dl>`
}

const WORDS = bilingual(
  {
    title: 'Read an ID',
    lead: 'Time, data centre, worker and sequence, as far as the ID has them in it.',
    id: 'ID',
    hint: 'A decimal number, a UUID, or an ID in a format.',
    tag: 'Its tag',
    tagHint:
      'workspace/group/tag. Needed for IDs in a format, such as INV-20270131-000001, and for snowflakes of a tag with a layout of its own.',
    read: 'Read it',
    found: 'What is in it',
    kind: 'Kind',
    kinds: {
      snowflake: 'Snowflake: made by time',
      segment: 'Number of a segment: it tells its order only',
      uuid: 'UUID',
    },
    number: 'Number',
    date: 'Date',
    version: 'Version',
    time: 'Time',
    dc: 'Data centre',
    worker: 'Worker',
    sequence: 'Sequence in its millisecond',
  },
  {
    title: '解析 ID',
    lead: '解析 ID 中包含的时间、数据中心、工作机器编号与序列号。',
    id: 'ID',
    hint: '十进制数字、UUID，或带格式的 ID。',
    tag: '所属标签',
    tagHint:
      '工作空间/分组/标签。带格式的 ID（例如 INV-20270131-000001）与使用自有位布局的标签的雪花 ID 需要填写。',
    read: '解析',
    found: '解析结果',
    kind: '类型',
    kinds: {
      snowflake: '雪花 ID：按时间生成',
      segment: '号段号码：仅包含先后顺序',
      uuid: 'UUID',
    },
    number: '号码',
    date: '日期',
    version: '版本',
    time: '时间',
    dc: '数据中心',
    worker: '工作机器编号',
    sequence: '毫秒内序列号',
  },
)
