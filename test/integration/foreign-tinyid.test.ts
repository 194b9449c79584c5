// Runs beside others: nothing in it looks at a clock.

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { HttpApi, TAGS_URL } from '../fixtures/http-api.ts'
import { leftOut } from '../fixtures/left-out.ts'
import { assertNoneTwice } from '../fixtures/none-twice.ts'

const run = promisify(execFile)
const CLIENT = fileURLToPath(new URL('../fixtures/TinyidClient.java', import.meta.url))
/** Java compiles the one file before it runs it: seconds on two cores, more on a busy machine. */
const JAVA_LIMIT_MS = 120_000

test('a Java program that asks and reads as tinyid’s client does gets segments, and no number twice', async (t) => {
  const version = await run('java', ['-version'], { timeout: JAVA_LIMIT_MS }).catch(() => undefined)
  if (version === undefined) return t.skip(leftOut('there is no Java here'))
  const compatibility = { leaf: false, leafKey: '', tinyid: true, group: 'acme/shop' }
  const api = await HttpApi.start(t, {}, { compatibility })
  await api.expect(201, 'POST', '/v1/workspaces', { body: { name: 'acme' } })
  await api.expect(201, 'POST', '/v1/workspaces/acme/groups', { body: { name: 'shop' } })
  const tag = { name: 'orders', algorithm: 'segment', space: { dcCount: 1 }, step: { base: 500, min: 100 } }
  await api.expect(201, 'POST', TAGS_URL, { body: tag })
  const address = new URL(await api.app.listen({ host: '127.0.0.1', port: 0 })).host
  const ask = () =>
    run('java', [CLIENT, address, api.memory.keyText, 'orders', '3'], { timeout: JAVA_LIMIT_MS })
  const numbers = (await ask()).stdout.trim().split('\n')
  // The tag is brought into memory by the first call, which knows no step yet.
  assertNoneTwice(numbers, 100 + 500 + 500)
  assert.ok(numbers.every((number) => /^[1-9]\d*$/.test(number)))
})
