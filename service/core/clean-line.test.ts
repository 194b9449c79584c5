import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { cleanLine } from './clean-line.ts'

const KEY = `idg_abcdefghijkl_${'S3cr3t'.repeat(7)}x`

describe('secrets inside texts', () => {
  for (const [what, text, shown] of [
    [
      'of a URL',
      'connect postgres://app:pa55@db:5432/idgen failed',
      'connect postgres://app:[hidden]@db:5432/idgen failed',
    ],
    ['of a URL with an @ in the secret', 'redis://:p@55@cache:6379', 'redis://:[hidden]@cache:6379'],
    ['of a connection string', 'host=db password=pa55 user=app', 'host=db password=[hidden] user=app'],
    [
      'of a configuration of Alertmanager',
      '{"err":"{\\"smtp_auth_password\\":\\"pa55\\", api_secret: pa55}"}',
      '{"err":"{\\"smtp_auth_password\\":\\"[hidden]\\", api_secret: [hidden]}"}',
    ],
    ['of a query', '/v1/tags?token=pa55&limit=3', '/v1/tags?token=[hidden]&limit=3'],
    ['of a header', `authorization: Bearer ${'t0k3n'.repeat(5)}`, 'authorization: Bearer [hidden]'],
    ['of a key of ours', `key ${KEY} is unknown`, 'key idg_abcdefghijkl_[hidden] is unknown'],
  ] as const)
    test(`the secret ${what} is hidden, the rest stays`, () => {
      assert.equal(cleanLine(text), shown)
    })

  test('what only looks like a secret stays as it is', () => {
    for (const text of [
      '{"url":"http://[::1]:8080/v1/ids","at":"2026-01-01T00:00:00.000Z"}',
      'send it as "Authorization: Bearer idg_…"',
      'etcd at https://a:2379, https://b:2379 and mail to me@example.org',
      'Basic settings changed',
    ])
      assert.equal(cleanLine(text), text)
  })
})

test('no line holds a character that a terminal obeys or that turns the text', () => {
  const line = cleanLine('{"tag":"a\u009b31m\u007f b\u2028c \u202egnp.exe"}')
  assert.equal(line, '{"tag":"a\\u009b31m\\u007f b\\u2028c \\u202egnp.exe"}')
  assert.deepEqual(JSON.parse(line), { tag: 'a\u009b31m\u007f b\u2028c \u202egnp.exe' })
})
