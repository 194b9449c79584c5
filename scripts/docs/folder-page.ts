import { readdirSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'

/** Lists what lies in a folder of the site, and in those below it: most servers show nothing of a folder without such a page. */
export function writeFolderPages(folder: string): void {
  const entries = readdirSync(folder, { withFileTypes: true })
  if (entries.some(({ name }) => name === 'index.html')) return
  const names = entries.map((entry) => `${entry.name}${entry.isDirectory() ? '/' : ''}`).toSorted()
  const items = names.map((name) => `<li><a href="${encodeURI(name)}">${name}</a></li>`)
  const title = basename(folder)
  writeFileSync(
    join(folder, 'index.html'),
    `<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n<title>${title}</title>\n<h1>${title}</h1>\n<ul>\n${items.join('\n')}\n</ul>\n</html>\n`,
  )
  for (const entry of entries) if (entry.isDirectory()) writeFolderPages(join(folder, entry.name))
}
