import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { pinoOperatorLog } from '../operator/pino-operator-log.ts'
import { PinoLog } from '../service/adapters/telemetry/pino-log.ts'

const SECRET = 'S3cr3tS3cr3tS3cr3tS3cr3t'
const KEY = `idg_abcdefghijkl_${SECRET}`
/** What an operator and a service have in their hands, as errors and careless lines show it. */
const TEXTS = [
  `connect to postgres://idgen:${SECRET}@db:5432/idgen refused`,
  `host=db password=${SECRET} user=idgen`,
  `401 of idgen for authorization: Bearer ${SECRET}`,
  `the key ${KEY} may not list tags`,
  `Secret "x" is invalid: {"smtp_auth_password":"${SECRET}","auth_password": "${SECRET}"}`,
  `alertmanager.yaml: api_secret: ${SECRET}`,
]

describe('a planted secret', () => {
  const lines = { service: [] as string[], operator: [] as string[] }
  const service = new PinoLog('debug', {}, { write: (line) => void lines.service.push(line) })
  const operator = pinoOperatorLog('debug', 'pod', { write: (line) => void lines.operator.push(line) })
  for (const text of TEXTS) {
    const cause = new Error(text)
    const err = Object.assign(new Error(`failed: ${text}`, { cause }), {
      code: 'ERR_X',
      body: { stringData: { url: SECRET } },
      request: { headers: { 'x-api-key': SECRET } },
    })
    service.error({ err }, 'stopping: the promise can no longer be kept')
    operator.error(
      { err, key: 'shop/orders', controller: 'c' },
      'reconcile failed for good until the object changes',
    )
    operator.warn({ err: text, reason: 'r', note: text }, 'an event could not be written')
  }
  operator.debug({ kind: { stringData: { x: SECRET } }, count: { adminKey: SECRET } }, 'listed')

  for (const who of ['service', 'operator'] as const)
    test(`is in no line of the log of the ${who}, and what an error says besides is`, () => {
      const text = lines[who].join('')
      assert.ok(!text.includes(SECRET.slice(0, 12)), text)
      assert.match(text, /postgres:\/\/idgen:\[hidden\]@db:5432\/idgen refused/)
      assert.match(text, /idg_abcdefghijkl_\[hidden\] may not list tags/)
      assert.match(text, /"code":"ERR_X"/)
      assert.match(text, /"cause":\{"type":"Error"/)
    })
})

test('operator and service, which share no code, clean their lines alike', () => {
  const read = (path: string): string => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8')
  assert.equal(read('operator/clean-line.ts'), read('service/adapters/telemetry/clean-line.ts'))
})
