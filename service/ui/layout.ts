import type { Answer } from './answer.ts'
import { ASSETS } from './assets.ts'
import { type Html, html } from './html.ts'
import { bilingual, LANGUAGE_TAGS, LANGUAGES, type Language } from './language.ts'
import { navigation } from './navigation.ts'
import { ownPath } from './own-path.ts'
import { csrfField } from './parts.ts'
import { THEMES } from './preferences.ts'
import type { Member, Visit } from './visit.ts'

type Page = Extract<Answer, { kind: 'page' }>

/** A whole document around what a page says: head, navigation, who is signed in. */
export function documentOf(visit: Visit | Member, page: Page): Html {
  const { language, theme } = visit.preferences
  const member = 'caller' in visit ? visit : undefined
  const words = visit.say(WORDS)
  return html`<!doctype html>
<html lang="${LANGUAGE_TAGS[language]}" data-theme="${theme}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="${theme === 'auto' ? 'light dark' : theme}">
<meta name="robots" content="noindex">
<meta name="htmx-config" content="${HTMX_CONFIG}">
<title>${page.title} · idgen</title>
<link rel="icon" href="${ASSETS.icon.url}" type="image/svg+xml">
<link rel="stylesheet" href="${ASSETS.stylesheet.url}">
<script src="${ASSETS.htmx.url}" defer></script>
<script src="${ASSETS.copy.url}" defer></script>
<script src="${ASSETS.once.url}" defer></script>
<script src="${ASSETS.address.url}" defer></script>
</head>
<body class="min-h-screen bg-page text-ink antialiased">
<a href="#main" class="sr-only focus:not-sr-only focus:absolute focus:left-4 focus:top-4 focus:z-50 focus:rounded-md focus:bg-accent focus:px-4 focus:py-2 focus:text-on-accent">${words.skip}</a>
${header(visit, page)}
<div class="mx-auto flex max-w-7xl flex-col md:flex-row">
${member !== undefined && sidebar(member, page)}
<main id="main" tabindex="-1" class="min-w-0 flex-1 px-4 py-6 outline-none md:px-8">${page.body}</main>
</div>
</body>
</html>
`
}

function header(visit: Visit | Member, page: Page): Html {
  const words = visit.say(WORDS)
  const member = 'caller' in visit ? visit : undefined
  return html`<header class="border-b border-line bg-surface">
<div class="mx-auto flex max-w-7xl flex-wrap items-center gap-x-6 gap-y-2 px-4 py-3 md:px-8">
<a href="/ui" class="flex items-center gap-2 text-lg font-bold tracking-tight"><img src="${ASSETS.icon.url}" alt="" width="24" height="24">idgen</a>
<div class="ml-auto flex flex-wrap items-center gap-3">${preferencesForm(visit, page)}${
    member !== undefined &&
    html`<form method="post" action="/ui/sign-out" class="flex items-center gap-3">${csrfField(member)}
<span class="max-w-40 truncate font-mono text-xs text-muted" title="${words.signedInAs}">${member.caller.keyId}</span>
<button class="button-quiet">${words.signOut}</button></form>`
  }</div>
</div>
</header>`
}

/** On a phone in as many rows as it takes: a part that is out of sight is not found. */
function sidebar(member: Member, page: Page): Html {
  return html`<aside class="border-b border-line px-4 py-2 md:w-56 md:shrink-0 md:border-b-0 md:py-6">${navigation(member, page.section)}</aside>`
}

/**
 * One form: whichever button is pressed says what changes. It leads back to the same page, so what has no address, or one that
 * is too long to come back to, has none: pressing it would lose what was typed, or a secret that is shown once.
 */
function preferencesForm(visit: Visit, { again }: Page): Html | undefined {
  const back = again ?? (visit.isSent ? undefined : visit.url)
  if (back === undefined || ownPath(back) !== back) return undefined
  const { language, theme } = visit.preferences
  const words = visit.say(WORDS)
  return html`<form method="post" action="/ui/preferences" class="flex items-center gap-3">
<input type="hidden" name="back" value="${back}">
<div role="group" aria-label="${words.language}" class="segments">${LANGUAGES.map(
    (one) =>
      html`<button name="language" value="${one}" lang="${LANGUAGE_TAGS[one]}" aria-pressed="${one === language ? 'true' : 'false'}">${LANGUAGE_NAMES[one]}</button>`,
  )}</div>
<div role="group" aria-label="${words.theme}" class="segments">${THEMES.map(
    (one) =>
      html`<button name="theme" value="${one}" aria-pressed="${one === theme ? 'true' : 'false'}">${words[one]}</button>`,
  )}</div>
</form>`
}

const LANGUAGE_NAMES: Readonly<Record<Language, string>> = { en: 'English', zh: '中文' }

/** Nothing is evaluated (the policy forbids it), and no page is swapped for another: links are links. */
const HTMX_CONFIG = JSON.stringify({ includeIndicatorCSS: false, history: false })

const WORDS = bilingual(
  {
    skip: 'Skip to the content',
    signedInAs: 'Signed in with this key',
    signOut: 'Sign out',
    language: 'Language',
    theme: 'Colours',
    auto: 'Auto',
    light: 'Light',
    dark: 'Dark',
  },
  {
    skip: '跳到正文',
    signedInAs: '当前登录所用的密钥',
    signOut: '退出登录',
    language: '语言',
    theme: '配色',
    auto: '跟随系统',
    light: '浅色',
    dark: '深色',
  },
)
