import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Tag } from '../core/tag.ts'
import { snippets } from './tag-snippets.ts'
import type { Member } from './visit.ts'

const TAG = { workspace: 'w', group: 'g', name: 't', chain: ['segment'], space: {} } as unknown as Tag
const MEMBER = {
  origin: 'https://ids.example:8443',
  say: (words: { readonly en: unknown }) => words.en,
} as unknown as Member

test('the examples encrypt where this process listens so', () => {
  const page = (grpcTls: boolean, respTls: boolean): string =>
    String(snippets(MEMBER, TAG, { grpcPort: 50_051, grpcTls, respPort: 6400, respTls }))
  const encrypted = page(true, true)
  assert.match(encrypted, /redis-cli -h ids\.example -p 6400 --tls -a/)
  assert.match(encrypted, /grpcurl -H/)
  const plain = page(false, false)
  assert.match(plain, /redis-cli -h ids\.example -p 6400 -a/)
  assert.match(plain, /grpcurl -plaintext -H/)
})
