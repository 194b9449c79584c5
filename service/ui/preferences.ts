import { cookieOf, setCookie } from './cookies.ts'
import { acceptedLanguage, LANGUAGES, type Language } from './language.ts'

export const THEMES = ['auto', 'light', 'dark'] as const
export type Theme = (typeof THEMES)[number]

/** How somebody wants to see the pages. Kept by the browser, also before anybody signed in. */
export interface Preferences {
  readonly language: Language
  /** auto: as the system is set. */
  readonly theme: Theme
}

/** What was chosen, else what the browser asks for. */
export function preferencesOf(headers: {
  readonly cookie?: string | undefined
  readonly 'accept-language'?: string | undefined
}): Preferences {
  const [language, theme] = (cookieOf(headers.cookie, COOKIE) ?? '').split('.')
  return {
    language: chosen(LANGUAGES, language) ?? acceptedLanguage(headers['accept-language']),
    theme: chosen(THEMES, theme) ?? 'auto',
  }
}

/** For Set-Cookie. What is not among the choices stays as it was. */
export function changedPreferences(now: Preferences, form: URLSearchParams, secure: boolean): string {
  const language = chosen(LANGUAGES, form.get('language')) ?? now.language
  const theme = chosen(THEMES, form.get('theme')) ?? now.theme
  return setCookie(COOKIE, `${language}.${theme}`, { maxAgeS: YEAR_S, secure })
}

function chosen<T extends string>(choices: readonly T[], text: string | null | undefined): T | undefined {
  return choices.find((choice) => choice === text)
}

const COOKIE = 'idgen_view'
const YEAR_S = 365 * 86_400
