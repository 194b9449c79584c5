import type { ApiKey, Scope } from '../ports/api-key-store.ts'
import { type Answer, page } from './answer.ts'
import { type Html, html } from './html.ts'
import { bilingual } from './language.ts'
import { card, heading } from './parts.ts'
import type { Member } from './visit.ts'

/** What the list of keys and the page of one have in common. */

/** The only page that has the secret: an answer to a form, which nothing brings back. */
export function secretPage(member: Member, key: ApiKey, text: string): Answer {
  const words = member.say(WORDS)
  const body = html`${heading(words.secret, { lead: words.secretLead })}${card(
    'secret',
    key.name,
    html`<p><code class="block rounded-md border border-line bg-raised p-3 font-mono text-sm break-all select-all">${text}</code></p><p class="mt-4"><a class="button" href="/ui/keys/${key.id}">${words.kept}</a></p>`,
  )}`
  return page(words.secret, 'keys', body)
}

export function keyState({ say }: Member, key: ApiKey, nowMs: number): Html {
  const words = say(WORDS)
  if (key.revokedAt !== undefined)
    return html`<span class="whitespace-nowrap text-bad">${words.revoked}</span>`
  if (key.expiresAt !== undefined && key.expiresAt.getTime() <= nowMs)
    return html`<span class="whitespace-nowrap text-bad">${words.expired}</span>`
  return html`<span class="whitespace-nowrap text-good">${words.valid}</span>`
}

/** What each lets its holder do. */
export const SCOPE_WORDS = bilingual<Readonly<Record<Scope, string>>>(
  {
    issue: 'ask for IDs',
    manage: 'change workspaces, groups, tags and keys',
    audit: 'read the audit log',
    alert: 'write alerts into the audit log',
  },
  {
    issue: '取号',
    manage: '管理工作空间、分组、标签与密钥',
    audit: '查看审计日志',
    alert: '向审计日志写入告警',
  },
)

const WORDS = bilingual(
  {
    valid: 'valid',
    revoked: 'revoked',
    expired: 'expired',
    secret: 'The new key',
    secretLead: 'Copy it now: it cannot be shown again.',
    kept: 'I have copied it',
  },
  {
    valid: '有效',
    revoked: '已吊销',
    expired: '已过期',
    secret: '新密钥',
    secretLead: '请立即复制，之后无法再次查看。',
    kept: '我已复制',
  },
)
