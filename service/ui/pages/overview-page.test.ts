import assert from 'node:assert/strict'
import { test } from 'node:test'
import { UiVisitor } from '../../../test/fixtures/ui-visitor.ts'

test('what renews itself can be stopped by a link, and goes on by another', async (t) => {
  const visitor = await UiVisitor.signedIn(t)
  const { catalog } = visitor.api.memory.useCases
  const actor = { actor: 'test', traceId: undefined }
  await catalog.createWorkspace(actor, 'w', '')
  await catalog.createGroup(actor, 'w', 'g', '')
  await catalog.createTag(actor, { workspace: 'w', group: 'g', name: 'orders' }, { algorithm: 'segment' })
  for (const [url, off] of [
    ['/ui', '/ui?live=off'],
    ['/ui/charts?range=1h', '/ui/charts?range=1h&#38;live=off'],
    ['/ui/tags/w/g/orders', '/ui/tags/w/g/orders?live=off'],
  ] as const) {
    const page = await visitor.see(url)
    assert.match(page, /hx-trigger="every \d+s"/, url)
    assert.ok(page.includes(`href="${off}">Stop renewing</a>`), url)
    const paused = await visitor.see(off.replaceAll('&#38;', '&'))
    assert.doesNotMatch(paused, /hx-trigger="every/, url)
    assert.ok(paused.includes(`href="${url}">Renew by itself again</a>`), url)
  }
  assert.match(await visitor.see('/ui/charts?live=off'), /href="\/ui\/charts\?range=6h&#38;live=off"/)
})

test('what is wrong is sent again only when it changed: a screen reader would read it out every time', async (t) => {
  const visitor = await UiVisitor.signedIn(t)
  const { readiness } = visitor.api.memory.useCases
  const seenIn = (text: string): string => /name="seen" value="([^"]+)"/.exec(text)?.[1] ?? ''
  const page = await visitor.see('/ui')
  const well = seenIn(page)
  assert.match(page, /<div id="troubles"><div class="notice[^>]*>Everything works/)
  const same = await visitor.see(`/ui/live/overview?seen=${well}`)
  assert.doesNotMatch(same, /role="(?:alert|status)"|troubles/)
  assert.match(same, /idgen_ids_issued_total/)
  readiness.drain()
  const changed = await visitor.see(`/ui/live/overview?seen=${well}`)
  assert.match(
    changed,
    /<div id="troubles" hx-swap-oob="innerHTML"><div [^>]*role="alert"><p>This process is not ready/,
  )
  const notReady = seenIn(changed)
  assert.notEqual(notReady, well)
  assert.doesNotMatch(await visitor.see(`/ui/live/overview?seen=${notReady}`), /role="alert"/)
})
