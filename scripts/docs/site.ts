import { copyFileSync, cpSync, mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { CONTENTS, documents, pageOf, ROOT, targetOf } from './documents.ts'
import { writeFolderPages } from './folder-page.ts'
import { deadLinks } from './links.ts'
import { type Rendered, render } from './markdown.ts'
import { navigation } from './navigation.ts'
import { pageHtml } from './page.ts'

/** Builds the documents as a static site. @returns its first page @throws with all dead links, having written nothing */
export function buildSite(folder: string): string {
  const all = documents()
  const pages = new Map(all.map((document) => [document.path, render(document)]))
  const dead = deadLinks(pages)
  if (dead.length > 0) throw new Error(`links that lead nowhere:\n  ${dead.join('\n  ')}`)
  const contents = all.find(({ path }) => path === CONTENTS)
  if (contents === undefined) throw new Error(`${CONTENTS} is missing: the navigation is read from it`)
  const parts = navigation(contents)

  rmSync(folder, { recursive: true, force: true })
  for (const [path, page] of pages) write(join(folder, pageOf(path)), pageHtml(path, page, parts))
  for (const path of linkedFiles(pages)) copy(path, folder)
  for (const name of ['site.css', 'search.js'])
    copyFileSync(join(import.meta.dirname, name), join(folder, name))
  write(join(folder, 'search-words.js'), `window.SEARCH_WORDS = ${JSON.stringify(searchWords(pages))}\n`)
  return join(folder, 'index.html')
}

/** Pictures, definitions, code: what pages link to and is no page itself. */
function linkedFiles(pages: ReadonlyMap<string, Rendered>): Set<string> {
  const targets = [...pages].flatMap(([path, { links }]) =>
    links.map((href) => targetOf(path, href)?.path ?? '').filter((target) => !target.endsWith('.md')),
  )
  return new Set(targets.filter((target) => target !== ''))
}

function copy(path: string, folder: string): void {
  const to = join(folder, path)
  mkdirSync(dirname(to), { recursive: true })
  const isFolder = statSync(join(ROOT, path)).isDirectory()
  cpSync(join(ROOT, path), to, { recursive: isFolder })
  if (isFolder) writeFolderPages(to)
}

function write(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, text)
}

/** Each word of a page once: that is all a search asks. */
function searchWords(pages: ReadonlyMap<string, Rendered>): object[] {
  return [...pages].map(([path, { title, headings, words }]) => ({
    href: pageOf(path),
    title,
    headings: headings.map(({ text }) => text.toLowerCase()).join(' '),
    text: [...new Set(words.toLowerCase().split(/\s+/))].join(' '),
  }))
}
