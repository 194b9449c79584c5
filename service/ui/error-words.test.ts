import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { UiVisitor } from '../../test/fixtures/ui-visitor.ts'
import { ERRORS } from '../core/errors.ts'
import { ERROR_WORDS_ZH } from './error-words.ts'

describe('errors in Chinese', () => {
  test('there are words for every code, and for none that is no code', () => {
    assert.deepEqual(Object.keys(ERROR_WORDS_ZH).sort(), Object.keys(ERRORS).sort())
  })

  test('each says in Chinese what is wrong, in one sentence that no other code has', () => {
    const texts = Object.values(ERROR_WORDS_ZH)
    for (const text of texts) assert.match(text, /^[^：。]*\p{Script=Han}{2}[^。]*。$/u)
    assert.equal(new Set(texts).size, texts.length)
  })

  test('a page shows them above the sentence of the error, and an English page only that', async (t) => {
    const visitor = await UiVisitor.signedIn(t)
    const english = await visitor.see('/ui/tags/w/g/missing', 404)
    assert.match(english, /There is no tag w\/g\/missing/)
    assert.doesNotMatch(english, /标签不存在/)
    await visitor.send('/ui/preferences', { language: 'zh' })
    const chinese = await visitor.see('/ui/tags/w/g/missing', 404)
    assert.match(chinese, /<h1[^>]*>标签不存在<\/h1>/)
    assert.match(chinese, /<p>标签不存在：[^<]*<\/p><p lang="en"[^>]*>There is no tag w\/g\/missing/)
    assert.match(chinese, /IDGEN_TAG_NOT_FOUND/)
  })

  test('a line of a batch has both', async (t) => {
    const visitor = await UiVisitor.signedIn(t)
    await visitor.send('/ui/preferences', { language: 'zh' })
    const { text } = await visitor.send('/ui/tags/new-batch', { lines: 'no/such/tag', confirmed: 'yes' })
    assert.match(text, /\p{Script=Han}[^<]*。<span lang="en">[^<]*<\/span> <span[^>]*>\[IDGEN_[A-Z_]+\]/u)
  })
})
