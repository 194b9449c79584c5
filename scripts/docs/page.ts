import { dirname, relative } from 'node:path'
import { pageOf } from './documents.ts'
import type { Rendered } from './markdown.ts'
import { hrefTo, navigationHtml, type Part } from './navigation.ts'

/** A whole page of the site. */
export function pageHtml(path: string, content: Rendered, parts: readonly Part[]): string {
  const root = relative(dirname(pageOf(path)), '.') || '.'
  const inside = content.headings
    .filter(({ level }) => level === 2)
    .map(({ text, id }) => `<li><a href="#${id}">${escape(text)}</a></li>`)
    .join('')
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escape(content.title)} · idgen</title>
<link rel="stylesheet" href="${root}/site.css">
<script src="${root}/search-words.js" defer></script>
<script src="${root}/search.js" data-root="${root}" defer></script>
</head>
<body>
<a class="skip" href="#content">Skip to the text</a>
<header>
<a class="name" href="${hrefTo(path, 'README.md')}">idgen</a>
<a class="to-documents" href="#documents">Documents</a>
<label>Search <input id="search" type="search" autocomplete="off"></label>
</header>
<div id="found" aria-live="polite"></div>
<div class="columns">
<nav id="documents" aria-label="Documents">${navigationHtml(parts, path)}</nav>
<main id="content">
${content.html}</main>
<aside>${inside === '' ? '' : `<h2>On this page</h2><ul>${inside}</ul>`}</aside>
</div>
</body>
</html>
`
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
