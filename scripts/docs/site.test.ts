import assert from 'node:assert/strict'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { before, describe, test } from 'node:test'
import { temporaryFolder } from '../../test/fixtures/temporary-folder.ts'
import { CONTENTS, documents, pageOf } from './documents.ts'
import { deadLinks } from './links.ts'
import { render } from './markdown.ts'
import { navigation } from './navigation.ts'
import { buildSite } from './site.ts'

describe('the site of the documents', () => {
  let folder: string
  before(() => {
    folder = temporaryFolder('idgen-site-')
    buildSite(folder)
  })

  test('has a page for every document, with navigation and search', () => {
    for (const { path } of documents()) {
      const page = readFileSync(join(folder, pageOf(path)), 'utf8')
      assert.match(page, /<nav id="documents"/)
      assert.match(page, /id="search"/)
    }
    assert.match(readFileSync(join(folder, 'search-words.js'), 'utf8'), /first-steps\.html/)
  })

  test('every link of a page leads to a file of the site, and every mark to an element', () => {
    const dead: string[] = []
    for (const { path } of documents()) {
      const page = readFileSync(join(folder, pageOf(path)), 'utf8')
      for (const [, href = ''] of page.matchAll(/(?:href|src)="([^"]+)"/g)) {
        if (/^[a-z]+:/.test(href)) continue
        const [file = '', mark = ''] = decodeURIComponent(href).split('#')
        const target = file === '' ? join(folder, pageOf(path)) : join(folder, pageOf(path), '..', file)
        if (!existsSync(target)) dead.push(`${path}: ${href}`)
        // Of a folder a server shows its page, or nothing.
        else if (statSync(target).isDirectory() && !existsSync(join(target, 'index.html')))
          dead.push(`${path}: ${href}`)
        else if (mark !== '' && target.endsWith('.html'))
          if (!readFileSync(target, 'utf8').includes(`id="${mark}"`)) dead.push(`${path}: ${href}`)
      }
    }
    assert.deepEqual(dead, [])
  })
})

test('a link to a file or a heading that is not there stops the site', () => {
  const page = render({ path: 'docs/concepts.md', text: '# A\n[x](none.md) [y](#b) [z](#a)\n' })
  assert.deepEqual(
    deadLinks(new Map([['docs/concepts.md', page]])).map((text) => text.split(' (')[0]),
    ['docs/concepts.md: none.md', 'docs/concepts.md: #b'],
  )
})

test('the search knows what stands in code, in a fence or indented, and in the line', () => {
  const text =
    '# Title\n\nSee `idgen --inline`:\n\n```yaml\nlistenUrl: fenced\n```\n\n    a line of the log\n'
  const words = render({ path: 'docs/x.md', text }).words.split(/\s+/)
  for (const word of ['Title', '--inline:', 'listenUrl:', 'fenced', 'log'])
    assert.ok(words.includes(word), word)
})

test('the list of documents names every page right below docs/', () => {
  const contents = documents().find(({ path }) => path === CONTENTS)
  const listed = navigation(contents ?? { path: CONTENTS, text: '' }).flatMap(({ pages }) =>
    pages.map(({ path }) => path),
  )
  const present = documents()
    .map(({ path }) => path)
    .filter((path) => /^docs\/[^/]+\.md$/.test(path) && path !== CONTENTS)
  assert.deepEqual(
    present.filter((path) => !listed.includes(path)),
    [],
  )
})
