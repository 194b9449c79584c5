import { authorize } from '../../app/authenticator.ts'
import { completed } from '../../app/tag-request.ts'
import { IdgenError } from '../../core/errors.ts'
import { type Tag, tagPath } from '../../core/tag.ts'
import type { UiParts } from '../admin-ui.ts'
import { type Answer, page, piece, seeOther } from '../answer.ts'
import { errorText } from '../error-page.ts'
import { orAgain } from '../form-again.ts'
import { momentOf } from '../format-examples.ts'
import { formatRows } from '../format-fields.ts'
import { type Html, html } from '../html.ts'
import { bilingual } from '../language.ts'
import { createTagWithGroup, offerToMake } from '../missing-group.ts'
import {
  card,
  confirmField,
  csrfField,
  field,
  heading,
  isConfirmed,
  notConfirmed,
  notice,
  terms,
} from '../parts.ts'
import { tagOfPath, tagUrl } from '../places.ts'
import { explanation } from '../tag-explanation.ts'
import {
  fieldsOfForm,
  fieldsOfTag,
  newTagFields,
  requestOfForm,
  type TagFields,
  tagFieldset,
} from '../tag-fields.ts'
import type { UiRoutes } from '../ui-routes.ts'
import type { Member } from '../visit.ts'

type FormUseCases = Pick<UiParts['useCases'], 'catalog' | 'clock' | 'layout'>

/**
 * Forms by which a tag is made, changed and deleted. While somebody types, the form says what it would do; without
 * scripts a second button does, which sends the same fields with `look`.
 */
export function tagFormPages(routes: UiRoutes, { useCases }: UiParts): void {
  const { catalog } = useCases
  newTag(routes, useCases)
  checks(routes, useCases)
  routes.get('/tags/:workspace/:group/:tag/edit', async (member) => {
    const tag = await managed(member, catalog)
    return editPage(member, tag, fieldsOfTag(tag))
  })
  routes.post('/tags/:workspace/:group/:tag/edit', async (member) => {
    const tag = await managed(member, catalog)
    if (member.form.has('look'))
      return editPage(member, tag, fieldsOfForm(member.form), { said: await wouldDo(member, useCases) })
    return orAgain(
      async () => {
        // The version that was seen: what another one changed meanwhile is not undone in silence.
        const version = Number(member.form.get('version') ?? tag.version)
        await catalog.updateTag(member.actor, tag, requestOfForm(member.form), version)
        return seeOther(tagUrl(tag))
      },
      (error) =>
        editPage(member, tag, fieldsOfForm(member.form), {
          error: html`${errorText(member, error)}${openAnew(member, tag, error)}`,
        }),
    )
  })
  routes.get('/tags/:workspace/:group/:tag/delete', async (member) =>
    deletePage(member, await managed(member, catalog)),
  )
  routes.post('/tags/:workspace/:group/:tag/delete', async (member) => {
    const tag = await managed(member, catalog)
    return orAgain(
      async () => {
        if (!isConfirmed(member, tagPath(tag))) return deletePage(member, tag, notConfirmed(member))
        await catalog.deleteTag(member.actor, tag, tag.version)
        return seeOther(`/ui/tags?within=${encodeURIComponent(`${tag.workspace}/${tag.group}`)}`)
      },
      (error) => deletePage(member, tag, errorText(member, error)),
    )
  })
}

function newTag(routes: UiRoutes, useCases: FormUseCases): void {
  routes.get('/tags/new', (member) => newPage(member, newTagFields(member.query)))
  routes.post('/tags/new', async (member) => {
    if (member.form.has('look'))
      return newPage(member, fieldsOfForm(member.form), { said: await wouldDo(member, useCases) })
    return orAgain(
      async () => {
        const [workspace, group, name] = ['workspace', 'group', 'tag'].map((one) =>
          (member.form.get(one) ?? '').trim(),
        )
        const ref = { workspace: workspace ?? '', group: group ?? '', name: name ?? '' }
        authorize(member.caller, 'manage', tagPath(ref))
        await createTagWithGroup(member, useCases.catalog, ref, requestOfForm(member.form))
        return seeOther(tagUrl(ref))
      },
      async (error) =>
        newPage(member, fieldsOfForm(member.form), {
          error: html`${errorText(member, error)}${await offerToMake(member, useCases.catalog, error)}`,
        }),
    )
  })
}

function checks(routes: UiRoutes, useCases: FormUseCases): void {
  routes.post('/tags/check', async (member) => piece(await wouldDo(member, useCases)))
}

/** What the form would do, as it stands; nothing is changed. */
async function wouldDo(member: Member, useCases: FormUseCases): Promise<Html> {
  try {
    const request = await requestToCheck(member, useCases.catalog)
    const isNew = !member.form.has('of')
    return explanation(member, completed(request), momentOf(useCases), { isNew })
  } catch (thrown) {
    const error = IdgenError.from(thrown)
    if (error.row.http >= 500) throw error
    return errorText(member, error)
  }
}

/** Of a tag that is there, with the space that it has. */
async function requestToCheck(
  member: Member,
  catalog: UiParts['useCases']['catalog'],
): Promise<ReturnType<typeof requestOfForm>> {
  const request = requestOfForm(member.form)
  const [workspace = '', group = '', name = ''] = (member.form.get('of') ?? '').split('/')
  if (workspace === '') return request
  authorize(member.caller, 'manage', `${workspace}/${group}/${name}`)
  const { space, step } = await catalog.tag({ workspace, group, name })
  return { ...request, space, step: { ...step, ...request.step } }
}

async function managed(member: Member, catalog: UiParts['useCases']['catalog']): Promise<Tag> {
  const ref = tagOfPath(member)
  authorize(member.caller, 'manage', tagPath(ref))
  return catalog.tag(ref)
}

/** What the page says beside the fields: why the form was refused, or what it would do. */
interface Told {
  readonly error?: Html
  readonly said?: Html
}

function newPage(member: Member, fields: TagFields, { error, said }: Told = {}): Answer {
  const words = member.say(WORDS)
  const [withinWorkspace = '', withinGroup = ''] = (member.query.get('within') ?? '').split('/')
  const typed = (name: string, given: string): string =>
    member.form.get(name) ?? member.query.get(name) ?? given
  const names = html`<div class="grid gap-4 sm:grid-cols-3">
${field({ name: 'workspace', label: words.workspace, value: typed('workspace', withinWorkspace), required: true, hint: words.workspaceHint })}
${field({ name: 'group', label: words.group, value: typed('group', withinGroup), required: true, hint: words.groupHint })}
${field({ name: 'tag', label: words.name, value: typed('tag', ''), required: true, hint: words.nameHint })}</div>`
  const body = html`${heading(words.create, { trail: [[words.tags, '/ui/tags']] })}${error}${form(member, fields, { names, said, submit: words.make })}`
  return page(words.create, 'tags', body, error === undefined ? 200 : 400)
}

function editPage(member: Member, tag: Tag, fields: TagFields, { error, said }: Told = {}): Answer {
  const words = member.say(WORDS)
  const path = tagPath(tag)
  const names = html`<input type="hidden" name="of" value="${path}"><input type="hidden" name="version" value="${member.form.get('version') ?? tag.version}">`
  const body = html`${heading(words.change(path), {
    trail: [
      [words.tags, '/ui/tags'],
      [path, tagUrl(tag)],
    ],
  })}${error}${form(member, fields, { names, said, submit: words.save, fixed: fixedFormat(member, tag) })}`
  return page(words.change(path), 'tags', body, error === undefined ? 200 : 400)
}

/** The form keeps the version that was seen, so it is refused however often it is sent again. */
function openAnew({ say }: Member, tag: Tag, { code }: IdgenError): Html | undefined {
  if (code !== 'IDGEN_VERSION_MISMATCH') return undefined
  const words = say(WORDS)
  return html`<p class="mb-4 text-sm">${words.typed} <a class="link" href="${tagUrl(tag, '/edit')}">${words.anew}</a></p>`
}

/** Of a tag that is there: to be read alone. */
function fixedFormat(member: Member, { space: { format } }: Tag): Html | undefined {
  if (format === undefined) return undefined
  const words = member.say(WORDS)
  return html`<section aria-labelledby="format-title"><h2 id="format-title" class="label">${words.format}</h2><p class="hint mb-2">${words.formatFixed}</p>${terms(formatRows(member, format))}</section>`
}

interface FormParts {
  readonly names: Html
  readonly submit: string
  readonly said: Html | undefined
  readonly fixed?: Html | undefined
}

function form(member: Member, fields: TagFields, { names, submit, said, fixed }: FormParts): Html {
  const words = member.say(WORDS)
  const checking = html`<div id="check" aria-live="polite" hx-post="/ui/tags/check" hx-trigger="load, input delay:300ms from:'closest form'" hx-include="closest form" hx-swap="innerHTML">${said ?? html`<p class="text-sm text-muted">${words.noScript}</p>`}</div>`
  // The first button is the one that the Enter key means.
  const buttons = html`<div class="flex flex-wrap gap-3"><button class="button">${submit}</button><button class="button-quiet" name="look" value="yes" formnovalidate hx-post="/ui/tags/check" hx-target="#check" hx-swap="innerHTML">${words.look}</button></div>`
  return html`<form method="post" class="grid items-start gap-4 lg:grid-cols-[2fr_1fr]">${csrfField(member)}
<div class="card grid gap-5">${names}${tagFieldset(member, fields)}${fixed}${buttons}</div>
<div class="lg:sticky lg:top-4">${card('meaning', words.meaning, checking)}</div></form>`
}

function deletePage(member: Member, tag: Tag, error?: Html): Answer {
  const words = member.say(WORDS)
  const path = tagPath(tag)
  const body = html`${heading(words.removeOne(path), {
    trail: [
      [words.tags, '/ui/tags'],
      [path, tagUrl(tag)],
    ],
  })}${error}
<form method="post" class="card max-w-xl">${csrfField(member)}${notice('warning', words.removeText)}${confirmField(member, path)}<button class="button-danger mt-4">${words.remove}</button></form>`
  return page(words.removeOne(path), 'tags', body, error === undefined ? 200 : 409)
}

const WORDS = bilingual(
  {
    tags: 'Tags',
    create: 'New tag',
    make: 'Make the tag',
    workspace: 'Workspace',
    group: 'Group',
    name: 'Name',
    nameHint: 'For example a table. 1 to 63 of a-z 0-9 - _ . It never changes.',
    workspaceHint: 'A business unit: one that is there, or a new one.',
    groupHint: 'In it, for example an application.',
    change: (path: string) => `Settings of ${path}`,
    save: 'Save',
    typed:
      'What you typed is still here, and cannot be saved over what somebody else changed. With what is stored now, as another form:',
    anew: 'open it anew',
    meaning: 'What this does',
    look: 'Show what it does',
    noScript: 'The button “Show what it does” says it; nothing is made or changed by that.',
    format: 'Format of IDs',
    formatFixed: 'Fixed since the tag was made: another format is a new tag with another name.',
    remove: 'Delete the tag',
    removeOne: (path: string) => `Delete ${path}`,
    removeText:
      'Applications that ask for its IDs are refused from now on. Its numbers are never given again: a tag of the same name made later begins above them.',
  },
  {
    tags: '业务标签',
    create: '新建标签',
    make: '创建标签',
    workspace: '工作空间',
    group: '分组',
    name: '名称',
    nameHint: '例如一张数据表。1 到 63 个字符：a-z 0-9 - _ . 创建后不可更改。',
    workspaceHint: '业务单元：已有的，或新的名称。',
    groupHint: '其中的分组，例如一个应用。',
    change: (path) => `${path} 的设置`,
    save: '保存',
    typed: '您填写的内容仍在此处，但不能覆盖他人的修改。请以当前保存的设置',
    anew: '重新打开表单',
    meaning: '设置说明',
    look: '查看效果',
    noScript: '点击“查看效果”即可显示，不会创建或更改任何内容。',
    format: 'ID 格式',
    formatFixed: '自标签创建起固定不变：需要其他格式时请另建其他名称的标签。',
    remove: '删除标签',
    removeOne: (path) => `删除 ${path}`,
    removeText: '删除后，向其取号的应用将立即被拒绝。它的号码永不重用：日后同名标签将从更高处开始。',
  },
)
