import assert from 'node:assert/strict'
import { test } from 'node:test'
import { acceptedLanguage } from './language.ts'
import { ownPath } from './own-path.ts'
import { changedPreferences, preferencesOf } from './preferences.ts'

test('the language is what was chosen, else what the browser asks for', () => {
  for (const [header, language] of [
    [undefined, 'en'],
    ['zh-CN,zh;q=0.9,en;q=0.8', 'zh'],
    ['en-GB,en;q=0.9,zh;q=0.8', 'en'],
    ['de,fr;q=0.5', 'en'],
    ['de,zh;q=0.1', 'zh'],
    ['en;q=0,zh;q=0.2', 'zh'],
    [',;q=,x'.repeat(1000), 'en'],
  ] as const)
    assert.equal(acceptedLanguage(header), language, header)
  assert.deepEqual(preferencesOf({ cookie: 'idgen_view=en.dark', 'accept-language': 'zh' }), {
    language: 'en',
    theme: 'dark',
  })
  assert.deepEqual(preferencesOf({ cookie: 'idgen_view=xx.<b>', 'accept-language': 'zh' }), {
    language: 'zh',
    theme: 'auto',
  })
})

test('a change keeps what it does not name, and takes nothing that is no choice', () => {
  const now = { language: 'zh', theme: 'dark' } as const
  const change = (text: string): string => changedPreferences(now, new URLSearchParams(text), false)
  assert.match(change('theme=light'), /^idgen_view=zh\.light;/)
  assert.match(change('language=en'), /^idgen_view=en\.dark;/)
  assert.match(change('language=%0d%0ax&theme=;'), /^idgen_view=zh\.dark;/)
})

test('a way back leads to pages of ours alone', () => {
  for (const path of ['/ui', '/ui/tags?q=a%20b', '/ui?x=1']) assert.equal(ownPath(path), path)
  for (const path of [
    null,
    '',
    '/',
    '/uix',
    '//evil',
    'https://evil/ui',
    '/ui/\\evil',
    '/ui/\r\nx',
    '/v1/keys',
  ])
    assert.equal(ownPath(path), '/ui')
})
