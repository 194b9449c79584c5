import assert from 'node:assert/strict'
import { test } from 'node:test'
import { UiVisitor } from '../../../test/fixtures/ui-visitor.ts'

test('this process stands in the list with its worker ids', async (t) => {
  const visitor = await UiVisitor.signedIn(t)
  visitor.api.memory.useCases.nodes.start({
    dc: 0,
    node: 'test/1',
    http: 'http://a.example:8080',
    grpc: 'a.example:50051',
    resp: 'rediss://a.example:6399',
    version: '0.1.0',
    startedAt: '2026-11-27T10:00:00.000Z',
  })
  const page = await visitor.see('/ui/nodes')
  assert.match(page, /Data centre 0/)
  assert.match(page, /test\/1 <span[^>]*>\(this one\)/)
  assert.match(page, /rediss:\/\/a\.example:6399/)
  assert.equal(page.match(/<rect /g)?.length, 256)
})
