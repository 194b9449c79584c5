export const LANGUAGES = ['en', 'zh'] as const
export type Language = (typeof LANGUAGES)[number]
/** For the attribute `lang`. */
export const LANGUAGE_TAGS: Readonly<Record<Language, string>> = { en: 'en', zh: 'zh-Hans' }

/** What a page says, in each language. */
export type Words<T> = Readonly<Record<Language, T>>

/** English says which texts there are; the compiler refuses Chinese that lacks one. */
export function bilingual<T extends object>(en: T, zh: NoInfer<T>): Words<T> {
  return { en, zh }
}

/** The language that a browser asks for (Accept-Language), of those we have. */
export function acceptedLanguage(header: string | undefined): Language {
  const wanted = (header ?? '')
    .slice(0, HEADER_MAX)
    .split(',')
    .map((part) => {
      const [name = '', quality] = part
        .trim()
        .toLowerCase()
        .split(/\s*;\s*q=/)
      return { name: name.split('-')[0], weight: quality === undefined ? 1 : Number(quality) || 0 }
    })
    .sort((a, b) => b.weight - a.weight)
  const found = wanted.find(({ name, weight }) => weight > 0 && (name === 'en' || name === 'zh'))
  return found?.name === 'zh' ? 'zh' : 'en'
}

/** Browsers send some fifty characters. */
const HEADER_MAX = 500
