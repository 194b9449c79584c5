import { ERRORS, type ErrorCode, type IdgenError } from '../core/errors.ts'
import type { Log } from '../ports/log.ts'
import { type Answer, piece } from './answer.ts'
import { ERROR_WORDS_ZH } from './error-words.ts'
import { faultInChinese, faultText } from './fault-words.ts'
import { type Html, html } from './html.ts'
import { bilingual } from './language.ts'
import { notice } from './parts.ts'
import type { Visit } from './visit.ts'

/** What went wrong, by the same codes and sentences as everywhere, explained in the language of the page; of a fault of ours no more than that. */
export function errorAnswer(visit: Visit, error: IdgenError, log: Log): Answer {
  const { http } = ERRORS[error.code]
  const title = errorTitle(visit, error.code)
  if (error.code === 'IDGEN_INTERNAL') {
    // Without the query, as over HTTP: what people search for, and names of tags, are not for the log.
    const [path = ''] = visit.url.split('?', 1)
    log.error({ url: path.slice(0, 500), err: error }, 'page failed')
  }
  const text = errorText(visit, error)
  if (visit.isPiece) return piece(text, http)
  const body = html`<h1 class="mb-4 text-2xl font-bold tracking-tight">${title}</h1>${text}<p><a class="link" href="/ui">${visit.say(WORDS).home}</a></p>`
  return { kind: 'page', title, status: http, body }
}

/** What is said of an error, alone or in a page that is shown again: no other way leads past noting it. */
export function errorText(visit: Visit, error: IdgenError): ReturnType<typeof notice> {
  visit.noteRefusal(error)
  const code = html`<p class="mt-1 font-mono text-xs">${error.code}</p>`
  if (error.code === 'IDGEN_INTERNAL') return notice('error', html`<p>${visit.say(WORDS).inside}</p>${code}`)
  const faults = error.faults.map((fault) => html`<li>${faultText(visit, fault)}</li>`)
  const list = faults.length > 0 && html`<ul class="mt-1">${faults}</ul>`
  if (visit.preferences.language === 'en')
    return notice('error', html`${list || html`<p>${error.message}</p>`}${code}`)
  const sentence = !isSaidInChinese(error) && html`<p lang="en" class="mt-1 text-sm">${error.message}</p>`
  return notice('error', html`<p>${ERROR_WORDS_ZH[error.code]}</p>${list}${sentence}${code}`)
}

/** The sentence of the error would tell nothing that is not there in Chinese. */
function isSaidInChinese({ code, faults }: IdgenError): boolean {
  if (faults.length > 0) return faults.every(({ message }) => faultInChinese(message) !== undefined)
  // What was given stands in the field above.
  return code === 'IDGEN_ID_MALFORMED'
}

/** The same in one line; it notes nothing. */
export function errorLine(visit: Visit, { code, message, faults }: IdgenError): Html {
  const shown = html`<span class="font-mono text-xs">[${code}]</span>`
  const { language } = visit.preferences
  const told = faults.map((fault) => faultText(visit, fault)).join(language === 'zh' ? '；' : '; ')
  if (language === 'en') return html`${told || message} ${shown}`
  const said = told || html`<span lang="en">${message}</span>`
  return html`${ERROR_WORDS_ZH[code]}${said} ${shown}`
}

/** In Chinese up to where it begins to say what to do. */
export function errorTitle({ preferences: { language } }: Visit, code: ErrorCode): string {
  return language === 'en' ? ERRORS[code].title : (ERROR_WORDS_ZH[code].split(/[：。]/, 1)[0] ?? code)
}

const WORDS = bilingual(
  {
    home: 'Back to the overview',
    inside: 'Something failed inside; the log of the service says what.',
  },
  {
    home: '返回总览',
    inside: '服务内部出错，详情见服务日志。',
  },
)
