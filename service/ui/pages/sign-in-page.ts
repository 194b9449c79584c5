import { attemptOver } from '../../app/attempt.ts'
import { IdgenError } from '../../core/errors.ts'
import type { UiParts } from '../admin-ui.ts'
import { type Answer, seeOther } from '../answer.ts'
import { html } from '../html.ts'
import { bilingual } from '../language.ts'
import { maySignIn } from '../may-sign-in.ts'
import { ownPath } from '../own-path.ts'
import { notice } from '../parts.ts'
import { isEncrypted, type UiRoutes } from '../ui-routes.ts'
import type { Visit } from '../visit.ts'

/** Signing in with an API key, and out again. */
export function signInPages(routes: UiRoutes, { useCases, sessions, audit }: UiParts): void {
  routes.open('GET', '/sign-in', (visit) =>
    signIn(visit, visit.query.get('back'), { lostForm: visit.query.has('lost') }),
  )
  routes.open('POST', '/sign-in', async (visit, request) => {
    const back = visit.form.get('back')
    const keyText = (visit.form.get('key') ?? '').trim()
    const refused = (words: string): Answer => signIn(visit, back, { refused: words })
    let keyId: string
    try {
      const client = useCases.addresses.clientOf(request.raw)
      const caller = await useCases.signIn.authenticate(keyText, client, attemptOver(request))
      keyId = caller.keyId
      if (!maySignIn(caller)) {
        useCases.refusedKeys.noteForbidden(keyId, client, attemptOver(request))
        return refused(visit.say(WORDS).otherScopes)
      }
    } catch (thrown) {
      if (IdgenError.from(thrown).code !== 'IDGEN_UNAUTHENTICATED') throw thrown
      return refused(visit.say(WORDS).wrong)
    }
    audit.record({
      actor: keyId,
      traceId: request.trace?.traceId,
      action: 'ui.sign-in',
      subject: keyId,
      detail: {},
    })
    return seeOther(ownPath(back), sessions.cookie(sessions.begin(keyText), isEncrypted(request)))
  })
  // Not only for members: who is no longer one wants out too, and that harms nobody.
  routes.open('POST', '/sign-out', (_visit, request) =>
    seeOther('/ui/sign-in', sessions.ending(isEncrypted(request))),
  )
}

interface Said {
  /** Why a key lets nobody in. */
  readonly refused?: string
  /** A form came after the session had ended. */
  readonly lostForm?: boolean
}

function signIn({ say }: Visit, back: string | null, { refused, lostForm = false }: Said): Answer {
  const words = say(WORDS)
  const body = html`<div class="mx-auto mt-8 max-w-md"><div class="card">
<h1 class="text-xl font-bold tracking-tight">${words.title}</h1>
<p class="mt-1 mb-5 text-sm text-muted">${words.lead}</p>
${refused !== undefined && notice('error', refused)}${lostForm && notice('warning', words.lostForm)}
<form method="post" action="/ui/sign-in">
<input type="hidden" name="back" value="${ownPath(back)}">
<label class="label" for="key">${words.key}</label>
<input id="key" name="key" type="password" autocomplete="current-password" spellcheck="false" autofocus aria-describedby="key-hint" aria-invalid="${refused === undefined ? 'false' : 'true'}">
<p id="key-hint" class="hint">${words.hint}</p>
<button class="button mt-5 w-full">${words.submit}</button>
</form></div></div>`
  return {
    kind: 'page',
    title: words.title,
    body,
    status: refused === undefined ? 200 : 401,
    again: addressOf(back, lostForm),
  }
}

/** A way back that is too long is given up: who cannot read the page needs its other language more. */
function addressOf(back: string | null, lostForm: boolean): string {
  const url = `/ui/sign-in?back=${encodeURIComponent(ownPath(back))}${lostForm ? '&lost=form' : ''}`
  return ownPath(url) === url ? url : '/ui/sign-in'
}

const WORDS = bilingual(
  {
    title: 'Sign in',
    lead: 'With an API key that may manage or read the audit log. What you can see and do here is what the key may.',
    key: 'API key',
    hint: 'It begins with idg_, or is the one in auth.adminKey. Where the server was started with "make run", one is in data/quickstart-key; elsewhere "idgen key create" makes one. The session ends after an hour without use, and when the key is revoked.',
    submit: 'Sign in',
    wrong: 'The API key is not valid, has expired or was revoked.',
    lostForm:
      'Your session had ended. Nothing of what you sent was done: sign in, then fill in the form once more.',
    otherScopes:
      'This API key may neither manage nor read the audit log. Sign in with one that has the scope manage or audit.',
  },
  {
    title: '登录',
    lead: '请使用具有管理或审计权限的 API 密钥登录。您在这里能看到和操作的内容，取决于该密钥的权限。',
    key: 'API 密钥',
    hint: '以 idg_ 开头，或为配置项 auth.adminKey 中的密钥。以 “make run” 启动的服务，密钥保存在 data/quickstart-key；其他情况请用 “idgen key create” 创建。一小时无操作或密钥被吊销后，会话自动结束。',
    submit: '登录',
    wrong: 'API 密钥无效、已过期或已被吊销。',
    lostForm: '会话已结束，您提交的内容未执行任何操作：请登录后重新填写。',
    otherScopes: '该 API 密钥既不能管理，也不能读取审计日志。请使用具有 manage 或 audit 权限的密钥登录。',
  },
)
