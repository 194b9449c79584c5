import { dirname, relative } from 'node:path'
import { CONTENTS, type Document, pageOf, targetOf } from './documents.ts'

/** A part of the navigation: a heading of docs/README.md with the pages that it lists. */
export interface Part {
  readonly title: string
  readonly pages: readonly { readonly title: string; readonly path: string }[]
}

/** Reads the navigation out of the list of documents: `## Part`, then a line `- [Title](page.md): …` each. */
export function navigation(contents: Document): Part[] {
  const parts: { title: string; pages: { title: string; path: string }[] }[] = []
  for (const line of contents.text.split('\n')) {
    const heading = /^## (.+)$/.exec(line)?.[1]
    if (heading !== undefined) parts.push({ title: heading, pages: [] })
    const [, title, href] = /^- \[([^\]]+)\]\(([^)]+)\)/.exec(line) ?? []
    const path = href === undefined ? undefined : targetOf(CONTENTS, href)?.path
    if (title !== undefined && path !== undefined) parts.at(-1)?.pages.push({ title, path })
  }
  return parts
}

/** The navigation as it stands on the page of `from`. */
export function navigationHtml(parts: readonly Part[], from: string): string {
  const item = ({ title, path }: { title: string; path: string }): string => {
    const here = path === from ? ' aria-current="page"' : ''
    return `<li><a href="${hrefTo(from, path)}"${here}>${title}</a></li>`
  }
  return parts.map(({ title, pages }) => `<h2>${title}</h2><ul>${pages.map(item).join('')}</ul>`).join('\n')
}

/** The address of a document's page, relative to that of another: the site works from any folder, also as files. */
export function hrefTo(from: string, path: string): string {
  return relative(dirname(pageOf(from)), pageOf(path))
}
