import MarkdownIt from 'markdown-it'
import { type Document, pageOf, targetOf } from './documents.ts'
import { type Heading, headingNames } from './headings.ts'

/** A document as HTML, and what others need to know of it. */
export interface Rendered {
  readonly title: string
  readonly html: string
  readonly headings: readonly Heading[]
  /** Its links into the repository, as they are written. */
  readonly links: readonly string[]
  /** Its links to other hosts. */
  readonly elsewhere: readonly string[]
  /** Its words without marks, those of its code too, for the search. */
  readonly words: string
}

// Comments and the <br> of tables are let through; the documents are ours, nobody else writes into them.
const markdown = new MarkdownIt({ html: true })

/** Renders one document: headings get names, links to Markdown become links to pages. */
export function render(document: Document): Rendered {
  const tokens = markdown.parse(document.text, {})
  const names = headingNames()
  const headings: Heading[] = []
  const links: string[] = []
  const elsewhere: string[] = []
  const words: string[] = []
  for (const [i, token] of tokens.entries()) {
    if (token.type === 'heading_open') {
      const text = plainText(tokens[i + 1]?.children ?? [])
      const id = names(text)
      token.attrSet('id', id)
      headings.push({ level: Number(token.tag.slice(1)), text, id })
    }
    for (const child of token.children ?? []) {
      const name = child.type === 'image' ? 'src' : 'href'
      const href = child.attrGet(name)
      if (typeof href !== 'string') continue
      const target = targetOf(document.path, href)
      if (target === undefined) {
        elsewhere.push(href)
        continue
      }
      links.push(href)
      if (target.path.endsWith('.md')) child.attrSet(name, pageOf(href.split('#')[0] ?? '') + hashOf(href))
    }
    if (token.type === 'inline') words.push(plainText(token.children ?? []))
    else if (token.type === 'fence' || token.type === 'code_block') words.push(token.content)
  }
  return {
    title: headings[0]?.text ?? document.path,
    // A table wider than a phone scrolls by itself, not the page.
    html: markdown.renderer
      .render(tokens, markdown.options, {})
      .replaceAll('<table>', '<div class="wide"><table>')
      .replaceAll('</table>', '</table></div>'),
    headings,
    links,
    elsewhere,
    words: words.join(' '),
  }
}

function hashOf(href: string): string {
  const at = href.indexOf('#')
  return at < 0 ? '' : href.slice(at)
}

function plainText(tokens: readonly { readonly type: string; readonly content: string }[]): string {
  return tokens
    .filter(({ type }) => type === 'text' || type === 'code_inline')
    .map(({ content }) => content)
    .join('')
}
