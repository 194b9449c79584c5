import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { MemoryClock } from './adapters/memory/memory-clock.ts'
import { auditPost } from './open-audit-export.ts'

test('what a person can mend at the receiver costs no record, what is wrong with the records does', async (t) => {
  const statuses = { later: [401, 403, 404, 408, 429, 500, 502, 503, 504], refused: [302, 400, 413, 415] }
  const answers = Object.values(statuses).flat()
  const server = createServer((request, response) => {
    request.resume().on('end', () => response.writeHead(answers.shift() ?? 200).end('{}'))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const endpoint = `${origin}/a-key-in-the-path/v1/logs`
  const post = auditPost({ endpoint, authorization: '', queueMax: 500 }, new MemoryClock())
  for (const [kind, ofKind] of Object.entries(statuses))
    for (const status of ofKind) {
      const sent = await post('{}')
      assert.equal(sent.kind, kind, `${status}`)
      assert.ok('why' in sent)
      // The path may hold a key.
      assert.equal(sent.why, `${origin} answered ${status}: {}`)
    }
  assert.equal((await post('{}')).kind, 'taken')
})
