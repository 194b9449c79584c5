import { authorize } from '../../app/authenticator.ts'
import { completed } from '../../app/tag-request.ts'
import { IdgenError } from '../../core/errors.ts'
import { type Tag, tagPath } from '../../core/tag.ts'
import type { UiParts } from '../admin-ui.ts'
import { type Answer, page, piece, seeOther } from '../answer.ts'
import { errorText } from '../error-page.ts'
import { orAgain } from '../form-again.ts'
import { type Html, html } from '../html.ts'
import { bilingual } from '../language.ts'
import { card, confirmField, csrfField, field, heading, isConfirmed, notice } from '../parts.ts'
import { tagOfPath, tagUrl } from '../places.ts'
import { explanation } from '../tag-explanation.ts'
import {
  fieldsOfForm,
  fieldsOfTag,
  NEW_TAG_FIELDS,
  requestOfForm,
  type TagFields,
  tagFieldset,
} from '../tag-fields.ts'
import type { UiRoutes } from '../ui-routes.ts'
import type { Member } from '../visit.ts'

/** Forms by which a tag is made, changed and deleted. While somebody types, the form says what it would do. */
export function tagFormPages(routes: UiRoutes, { useCases: { catalog } }: UiParts): void {
  newTag(routes, catalog)
  routes.get('/tags/:workspace/:group/:tag/edit', async (member) => {
    const tag = await managed(member, catalog)
    return editPage(member, tag, fieldsOfTag(tag))
  })
  routes.post('/tags/:workspace/:group/:tag/edit', async (member) => {
    const tag = await managed(member, catalog)
    return orAgain(
      async () => {
        // The version that was seen: what another one changed meanwhile is not undone in silence.
        const version = Number(member.form.get('version') ?? tag.version)
        await catalog.updateTag(member.actor, tag, requestOfForm(member.form), version)
        return seeOther(tagUrl(tag))
      },
      (error) => editPage(member, tag, fieldsOfForm(member.form), errorText(member, error)),
    )
  })
  routes.get('/tags/:workspace/:group/:tag/delete', async (member) =>
    deletePage(member, await managed(member, catalog)),
  )
  routes.post('/tags/:workspace/:group/:tag/delete', async (member) => {
    const tag = await managed(member, catalog)
    return orAgain(
      async () => {
        if (!isConfirmed(member, tagPath(tag))) return deletePage(member, tag)
        await catalog.deleteTag(member.actor, tag, tag.version)
        return seeOther(`/ui/tags?within=${encodeURIComponent(`${tag.workspace}/${tag.group}`)}`)
      },
      (error) => deletePage(member, tag, errorText(member, error)),
    )
  })
}

function newTag(routes: UiRoutes, catalog: UiParts['useCases']['catalog']): void {
  routes.get('/tags/new', (member) => newPage(member, NEW_TAG_FIELDS))
  routes.post('/tags/new', (member) =>
    orAgain(
      async () => {
        const [workspace, group, name] = ['workspace', 'group', 'tag'].map((one) =>
          (member.form.get(one) ?? '').trim(),
        )
        const ref = { workspace: workspace ?? '', group: group ?? '', name: name ?? '' }
        authorize(member.caller, 'manage', tagPath(ref))
        await catalog.createTag(member.actor, ref, requestOfForm(member.form))
        return seeOther(tagUrl(ref))
      },
      (error) => newPage(member, fieldsOfForm(member.form), errorText(member, error)),
    ),
  )
  // What the form would do, as it stands; nothing is changed.
  routes.post('/tags/check', async (member) => {
    try {
      return piece(explanation(member, completed(await requestToCheck(member, catalog))))
    } catch (thrown) {
      const error = IdgenError.from(thrown)
      if (error.row.http >= 500) throw error
      return piece(errorText(member, error))
    }
  })
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

function newPage(member: Member, fields: TagFields, error?: Html): Answer {
  const words = member.say(WORDS)
  const [withinWorkspace = '', withinGroup = ''] = (member.query.get('within') ?? '').split('/')
  const typed = (name: string, given: string): string =>
    member.form.get(name) ?? member.query.get(name) ?? given
  const names = html`<div class="grid gap-4 sm:grid-cols-3">
${field({ name: 'workspace', label: words.workspace, value: typed('workspace', withinWorkspace), required: true })}
${field({ name: 'group', label: words.group, value: typed('group', withinGroup), required: true })}
${field({ name: 'tag', label: words.name, value: typed('tag', ''), required: true, hint: words.nameHint })}</div>`
  const body = html`${heading(words.create, { trail: [[words.tags, '/ui/tags']] })}${error}${form(member, fields, { names, submit: words.make })}`
  return page(words.create, 'tags', body, error === undefined ? 200 : 400)
}

function editPage(member: Member, tag: Tag, fields: TagFields, error?: Html): Answer {
  const words = member.say(WORDS)
  const path = tagPath(tag)
  const names = html`<input type="hidden" name="of" value="${path}"><input type="hidden" name="version" value="${member.form.get('version') ?? tag.version}">`
  const body = html`${heading(words.change(path), {
    trail: [
      [words.tags, '/ui/tags'],
      [path, tagUrl(tag)],
    ],
  })}${error}${form(member, fields, { names, submit: words.save })}`
  return page(words.change(path), 'tags', body, error === undefined ? 200 : 400)
}

function form(member: Member, fields: TagFields, { names, submit }: { names: Html; submit: string }): Html {
  const words = member.say(WORDS)
  const checking = html`<div id="check" aria-live="polite" hx-post="/ui/tags/check" hx-trigger="load, input delay:300ms from:'closest form'" hx-include="closest form" hx-swap="innerHTML"><p class="text-sm text-muted">${words.noScript}</p></div>`
  return html`<form method="post" class="grid items-start gap-4 lg:grid-cols-[2fr_1fr]">${csrfField(member)}
<div class="card grid gap-5">${names}${tagFieldset(member, fields)}<div><button class="button">${submit}</button></div></div>
${card('meaning', words.meaning, checking)}</form>`
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
    nameHint: '1 to 63 of a-z 0-9 - _ . It never changes.',
    change: (path: string) => `Settings of ${path}`,
    save: 'Save',
    meaning: 'What this does',
    noScript: 'Said when the form is sent.',
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
    nameHint: '1 到 63 个字符：a-z 0-9 - _ . 创建后不可更改。',
    change: (path) => `${path} 的设置`,
    save: '保存',
    meaning: '设置说明',
    noScript: '提交表单后显示。',
    remove: '删除标签',
    removeOne: (path) => `删除 ${path}`,
    removeText: '删除后，向其取号的应用将立即被拒绝。它的号码永不重用：日后同名标签将从更高处开始。',
  },
)
