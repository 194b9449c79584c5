import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'

/** The Markdown of the repository that people read, as pages of one site. */
export const ROOT = join(import.meta.dirname, '../..')

/** The page that lists all others: its headings and links are the site's navigation. */
export const CONTENTS = 'docs/README.md'

/** A Markdown file; `path` is relative to the root of the repository. */
export interface Document {
  readonly path: string
  readonly text: string
}

/** Every Markdown file of git's, by path. */
export function documents(): Document[] {
  const listed = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '*.md'], {
    cwd: ROOT,
    encoding: 'utf8',
  })
  return listed
    .split('\n')
    .filter((path) => path !== '' && existsSync(join(ROOT, path)))
    .sort()
    .map((path) => ({ path, text: readFileSync(join(ROOT, path), 'utf8') }))
}

/** Where a document stands in the site: docs/README.md → docs/index.html, so that folders open. */
export function pageOf(path: string): string {
  return path.replace(/(^|\/)README\.md$/, '$1index.html').replace(/\.md$/, '.html')
}

/** What a link in `from` means: the path from the root and the heading; undefined for other hosts. */
export function targetOf(from: string, href: string): { path: string; heading: string } | undefined {
  if (/^[a-z][a-z0-9+.-]*:/i.test(href)) return undefined
  const [file = '', heading = ''] = decodeURIComponent(href).split('#')
  return { path: file === '' ? from : normalize(join(dirname(from), file)), heading }
}

/** One fenced block of code. `line` is that of its first line, from 1. */
export interface CodeBlock {
  readonly path: string
  readonly language: string
  readonly text: string
  readonly line: number
}

/** The fenced blocks of a document, in their order. */
export function codeBlocks({ path, text }: Document): CodeBlock[] {
  const blocks: CodeBlock[] = []
  let open: { fence: string; indent: number; language: string; line: number; lines: string[] } | undefined
  for (const [i, line] of text.split('\n').entries()) {
    const mark = /^( *)(`{3,})(\w*)/.exec(line)
    if (open === undefined) {
      if (mark !== null)
        open = {
          fence: mark[2] ?? '',
          indent: (mark[1] ?? '').length,
          language: mark[3] ?? '',
          line: i + 2,
          lines: [],
        }
    } else if (line.trim() === open.fence) {
      blocks.push({ path, language: open.language, text: open.lines.join('\n'), line: open.line })
      open = undefined
    } else open.lines.push(line.slice(Math.min(open.indent, line.length - line.trimStart().length)))
  }
  return blocks
}

/** Commands of idgen and make that stand in a sentence or a table, each as a block of its own. */
export function inlineCommands({ path, text }: Document): CodeBlock[] {
  const fenced = new Set(
    codeBlocks({ path, text }).flatMap(({ line, text: lines }) => lines.split('\n').map((_, i) => line + i)),
  )
  return text.split('\n').flatMap((line, i) =>
    fenced.has(i + 1)
      ? []
      : [...line.matchAll(/`((?:(?:bin\/)?idgen|make) [^`]+)`/g)].map(([, command = '']) => ({
          path,
          language: 'sh',
          // In a table a bar is written with a backslash.
          text: command.replaceAll('\\|', '|'),
          line: i + 1,
        })),
  )
}
