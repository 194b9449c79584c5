import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
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
    ['of an environment variable', 'PGPASSWORD=pa55 pg_dump failed', 'PGPASSWORD=[hidden] pg_dump failed'],
    [
      'of one of our own variables',
      'IDGEN_AUTH_ADMIN_KEY=pa55 IDGEN_LOG_LEVEL=info',
      'IDGEN_AUTH_ADMIN_KEY=[hidden] IDGEN_LOG_LEVEL=info',
    ],
    [
      'with blanks, in quotes of a connection string',
      "host=db password='p a55\\' b' user=app",
      "host=db password='[hidden]' user=app",
    ],
    ['in quotes that never end', "password='pa55 b", "password='[hidden]"],
    [
      'in a text of JSON',
      'refused: {"user":"a","password":"pa55 b\\"c"}',
      'refused: {"user":"a","password":"[hidden]"}',
    ],
    ['that is a number of JSON', '{"user":1,"pwd":5555,"b":2}', '{"user":1,"pwd":"[hidden]","b":2}'],
    ['of a header in JSON', '{"headers":{"cookie":"a=pa55"}}', '{"headers":{"cookie":"[hidden]"}}'],
    ['with a backslash and a comma', 'password=pa\\\\5,5 user=app', 'password=[hidden] user=app'],
    [
      'that holds another name',
      '{"err":"password=\\"token=pa55 b\\" user=app"}',
      '{"err":"password=\\"[hidden]\\" user=app"}',
    ],
    [
      'that is not there',
      '{"err":"password=","token":"","b":"secret:"}',
      '{"err":"password=","token":"","b":"secret:"}',
    ],
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
      '{"live":["auth.adminKey"],"values":{"auth.adminKey":{"before":"[hidden]"}},"token":null,"secret":["a"]}',
      'auth.adminKey must be 16 characters or more; Secret "orders" has no key: 3 tokens are left',
    ])
      assert.equal(cleanLine(text), text)
  })
})

test('a secret in JSON within a text of JSON is hidden at every depth, and the line stays JSON', () => {
  fc.assert(
    fc.property(
      fc
        .string({ unit: fc.constantFrom(...Array.from('ab ,;&=:{}[]\'"\\\n')), maxLength: 20 })
        .map((text) => `S3cr${text}S3cr`),
      fc.integer({ min: 0, max: 4 }),
      fc.constantFrom('password', 'db_password', 'X-Api-Key', 'secret', 'accessToken'),
      (secret, depth, name) => {
        let text = JSON.stringify({ before: 1, [name]: secret, after: 'kept' })
        for (let level = 0; level < depth; level += 1) text = JSON.stringify({ msg: text, other: level })
        const clean = cleanLine(text)
        assert.ok(!clean.includes('S3cr'), clean)
        let read: unknown = JSON.parse(clean)
        for (let level = 0; level < depth; level += 1) read = JSON.parse((read as { msg: string }).msg)
        assert.deepEqual(read, { before: 1, [name]: '[hidden]', after: 'kept' })
      },
    ),
  )
})

test('a secret in single quotes of a connection string is hidden as the driver reads it, in a line of JSON', () => {
  fc.assert(
    fc.property(
      fc
        .string({ unit: fc.constantFrom(...Array.from("ab =;&'\\")), maxLength: 20 })
        .map((text) => `S3cr${text}S3cr`),
      (secret) => {
        const quoted = `'${secret.replace(/[\\']/g, (char) => `\\${char}`)}'`
        const line = JSON.stringify({ msg: `host=db password=${quoted} user=app`, other: 1 })
        const clean = cleanLine(line)
        assert.ok(!clean.includes('S3cr'), clean)
        assert.equal((JSON.parse(clean) as { other: number }).other, 1)
      },
    ),
  )
})

test('whatever stands in a line, what was JSON stays JSON', () => {
  const bits = ['password', 'token', '=', ':', '"', "'", '\\', ' ', '{', '}', ',', 'x', '5', '\n', 'null']
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom(...bits), { maxLength: 30 }),
      fc.integer({ min: 0, max: 2 }),
      (parts, depth) => {
        let text = JSON.stringify({ msg: parts.join(''), token: 5, list: [parts.join('')] })
        for (let level = 0; level < depth; level += 1) text = JSON.stringify({ msg: text })
        assert.doesNotThrow(() => void JSON.parse(cleanLine(text)), text)
      },
    ),
  )
})

test('no line holds a character that a terminal obeys or that turns the text', () => {
  const line = cleanLine('{"tag":"a\u009b31m\u007f b\u2028c \u202egnp.exe"}')
  assert.equal(line, '{"tag":"a\\u009b31m\\u007f b\\u2028c \\u202egnp.exe"}')
  assert.deepEqual(JSON.parse(line), { tag: 'a\u009b31m\u007f b\u2028c \u202egnp.exe' })
})
