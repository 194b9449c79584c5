import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { pinoOperatorLog } from './pino-operator-log.ts'

const SECRET = 'S3cr3tS3cr3tS3cr3tS3cr3t'
const KEY = `idg_abcdefghijkl_${SECRET}`
/** What an operator has in its hands, as errors and careless lines show it. */
const TEXTS = [
  `connect to postgres://idgen:${SECRET}@db:5432/idgen refused`,
  `host=db password=${SECRET} user=idgen`,
  `401 of idgen for authorization: Bearer ${SECRET}`,
  `the key ${KEY} may not list tags`,
  `Secret "x" is invalid: {"smtp_auth_password":"${SECRET}","auth_password": "${SECRET}"}`,
  `alertmanager.yaml: api_secret: ${SECRET}`,
  `PGPASSWORD=${SECRET} psql "host=db password='a ${SECRET}'" failed`,
  `answered {"data":{"password":"x ${SECRET}"}}`,
]

test('a planted secret is in no line of the log, and what an error says besides is', () => {
  const lines: string[] = []
  const log = pinoOperatorLog('debug', 'pod', { write: (line) => void lines.push(line) })
  for (const text of TEXTS) {
    const err = Object.assign(new Error(`failed: ${text}`, { cause: new Error(text) }), {
      code: 'ERR_X',
      body: { stringData: { url: SECRET } },
      request: { headers: { 'x-api-key': SECRET } },
    })
    const facts = { key: 'shop/orders', controller: 'c' }
    log.error({ ...facts, err }, 'reconcile failed for good until the object changes')
    log.warn({ err: text, reason: 'r', note: text }, 'an event could not be written')
  }
  log.debug({ kind: { stringData: { x: SECRET } }, count: { adminKey: SECRET } }, 'listed')
  const text = lines.join('')
  assert.ok(!text.includes(SECRET.slice(0, 12)), text)
  assert.match(text, /postgres:\/\/idgen:\[hidden\]@db:5432\/idgen refused/)
  assert.match(text, /idg_abcdefghijkl_\[hidden\] may not list tags/)
  assert.match(text, /"code":"ERR_X"/)
  assert.match(text, /"cause":\{"type":"Error"/)
})

test('operator and service, which share no code, clean their lines alike', () => {
  const read = (path: string): string => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8')
  assert.equal(read('operator/clean-line.ts'), read('service/core/clean-line.ts'))
})
