import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT, targetOf } from './documents.ts'
import type { Rendered } from './markdown.ts'

/** Links that lead nowhere, as "document: link (why)". `pages` has every document by its path. */
export function deadLinks(pages: ReadonlyMap<string, Rendered>): string[] {
  return [...pages].flatMap(([path, { links }]) =>
    links.flatMap((href) => {
      const target = targetOf(path, href)
      if (target === undefined) return []
      if (!existsSync(join(ROOT, target.path))) return [`${path}: ${href} (no such file)`]
      if (target.heading === '') return []
      const headings = pages.get(target.path)?.headings
      // Lines of code (#L12) are for the repository's own view.
      if (headings === undefined || headings.some(({ id }) => id === target.heading)) return []
      return [`${path}: ${href} (no such heading; there are ${headings.map(({ id }) => id).join(', ')})`]
    }),
  )
}
