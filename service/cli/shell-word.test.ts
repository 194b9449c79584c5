import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { test } from 'node:test'
import { shellWord } from './shell-word.ts'

test('a word comes out of a shell as it was, and a plain one needs no quotes', () => {
  for (const text of ['tls/tls.crt', 'my own/tls.crt', "it's", '$HOME', '', 'a;b', '*', 'ü'])
    assert.equal(execFileSync('sh', ['-c', `printf %s ${shellWord(text)}`], { encoding: 'utf8' }), text)
  assert.equal(shellWord('./tls/tls.crt'), './tls/tls.crt')
})
