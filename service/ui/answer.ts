import type { Html } from './html.ts'
import type { Section } from './navigation.ts'

/** What a page answers. */
export type Answer =
  | {
      readonly kind: 'page'
      readonly title: string
      /** Where it lies in the navigation. */
      readonly section?: Section
      readonly body: Html
      readonly status?: number
      /**
       * Where this page can be had once more, for who chooses another language. Left out: at its own address, and after a form was
       * sent nowhere.
       */
      readonly again?: string
    }
  /** A piece of a page, which htmx puts where it was asked from. */
  | { readonly kind: 'piece'; readonly body: Html; readonly status?: number }
  /** After a POST: the browser asks for this page, and asking again repeats nothing. */
  | { readonly kind: 'see-other'; readonly url: string; readonly cookies?: readonly string[] }

export function page(title: string, section: Section, body: Html, status = 200): Answer {
  return { kind: 'page', title, section, body, status }
}

export function piece(body: Html, status = 200): Answer {
  return { kind: 'piece', body, status }
}

export function seeOther(url: string, ...cookies: readonly string[]): Answer {
  return { kind: 'see-other', url, cookies }
}
