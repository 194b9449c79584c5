import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { UiVisitor } from '../../test/fixtures/ui-visitor.ts'
import type { Scope } from '../ports/api-key-store.ts'
import { ASSETS } from './assets.ts'
import { IDLE_MS, Sessions } from './session.ts'

describe('signing in', () => {
  test('with a form that is cut off, too long or none is the fault of who sends it', async (t) => {
    const visitor = await UiVisitor.start(t)
    const send = async (key: string, headers: Record<string, string>) => {
      const { status, text } = await visitor.send('/ui/sign-in', { key }, headers)
      return `${status} ${/IDGEN_\w+/.exec(text)?.[0]}`
    }
    assert.equal(await send('a', { 'content-length': '3' }), '400 IDGEN_REQUEST_INVALID')
    assert.equal(await send('a'.repeat(1_000_000), {}), '413 IDGEN_BODY_TOO_LARGE')
    assert.equal(await send('a', { 'content-type': 'text/csv' }), '415 IDGEN_MEDIA_TYPE_UNSUPPORTED')
  })

  test('leads to the page that was wanted, and out again', async (t) => {
    const visitor = await UiVisitor.start(t)
    assert.equal((await visitor.get('/')).headers['location'], '/ui')
    const sent = await visitor.get('/ui?x=1')
    assert.equal(sent.status, 303)
    assert.equal(sent.headers['location'], '/ui/sign-in?back=%2Fui%3Fx%3D1')
    const form = await visitor.see('/ui/sign-in?back=%2Fui%3Fx%3D1')
    assert.match(form, /name="back" value="\/ui\?x=1"/)
    const { keyText } = visitor.api.memory
    const done = await visitor.send('/ui/sign-in', { key: ` ${keyText} `, back: '/ui?x=1' })
    assert.equal(done.headers['location'], '/ui?x=1')
    assert.match(await visitor.see('/ui'), /Everything works/)
    await visitor.send('/ui/sign-out')
    assert.equal((await visitor.get('/ui')).status, 303)
  })

  test('with a wrong key says so, and nothing of the key is printed', async (t) => {
    const visitor = await UiVisitor.start(t)
    for (const key of ['', 'wrong-key-text', `idg_${'a'.repeat(12)}_${'b'.repeat(43)}`, 'x'.repeat(3000)]) {
      const refused = await visitor.send('/ui/sign-in', { key })
      assert.equal(refused.status, 401)
      assert.match(refused.text, /role="alert"/)
      assert.ok(key === '' || !refused.text.includes(key))
      assert.equal(visitor.cookie('idgen_session'), undefined)
    }
  })

  test('with many wrong keys is refused for a while', async (t) => {
    const visitor = await UiVisitor.start(t)
    const tried = async (from: number, to: number): Promise<Set<number>> => {
      const statuses = new Set<number>()
      for (let i = from; i < to; i += 1) {
        const key = `idg_a${i + 100}bbbbbbbb_${'0'.repeat(43)}`
        statuses.add((await visitor.send('/ui/sign-in', { key })).status)
      }
      return statuses
    }
    assert.deepEqual(await tried(0, 60), new Set([401]))
    assert.deepEqual(await tried(60, 65), new Set([429]))
    const { headers } = await visitor.send('/ui/sign-in', { key: `idg_${'z'.repeat(12)}_${'0'.repeat(43)}` })
    assert.equal(headers['retry-after'], '1')
    assert.equal(headers['ratelimit-policy'], '"wrong-key";q=60;w=60')
    assert.equal(headers['ratelimit'], '"wrong-key";r=0;t=1')
  })

  test('a page above the limit of its address says when to come again, as a call does', async (t) => {
    const visitor = await UiVisitor.start(t)
    const { rates } = visitor.api.memory.useCases
    rates.configure({ ...rates.settings, perAddress: 2, burst: 1000 })
    for (let i = 0; i < 2; i += 1) assert.equal((await visitor.get('/ui/sign-in')).status, 200)
    const { status, headers, text } = await visitor.get('/ui/sign-in')
    assert.deepEqual([status, headers['retry-after']], [429, '1'])
    assert.deepEqual(
      [headers['ratelimit-policy'], headers['ratelimit']],
      ['"address";q=2;w=1', '"address";r=0;t=1'],
    )
    assert.match(text, /IDGEN_RATE_LIMITED/)
  })

  test('needs the right to manage or to audit, and a key without is written down', async (t) => {
    const visitor = await UiVisitor.start(t)
    const { memory } = visitor.api
    const keyOf = (...scopes: Scope[]) =>
      memory.useCases.keys.create(
        { actor: 'test', traceId: undefined },
        { name: 'k', scopes, within: '', expiresAt: undefined },
      )
    for (const scopes of [['issue'], ['alert'], ['issue', 'alert']] as const) {
      const { key, text } = await keyOf(...scopes)
      const refused = await visitor.send('/ui/sign-in', { key: text })
      assert.equal(refused.status, 401)
      assert.match(refused.text, /neither manage nor read the audit log/)
      memory.useCases.refusedKeys.write()
      const last = (await memory.audited()).at(-1)
      assert.deepEqual([last?.action, last?.subject, last?.result], ['key.refuse', key.id, 'IDGEN_FORBIDDEN'])
      assert.deepEqual(last?.detail['first'], { operation: 'POST /ui/sign-in' })
      // Nor with a session of an older release, which let it in.
      const sessions = new Sessions(new Uint8Array(32).fill(1), memory.clock)
      const [, value = ''] = /^[^=]+=([^;]*)/.exec(sessions.cookie(sessions.begin(text), false)) ?? []
      visitor.setCookie('idgen_session', value)
      assert.equal((await visitor.get('/ui/nodes')).status, 303)
    }
    for (const scope of ['manage', 'audit'] as const) await visitor.signIn((await keyOf(scope)).text)
  })

  test('is written into the audit log with the key', async (t) => {
    const visitor = await UiVisitor.signedIn(t)
    const records = await visitor.api.memory.audited()
    const signIn = records.find(({ action }) => action === 'ui.sign-in')
    assert.match(String(signIn?.actor), /^[a-z0-9]{12}$/)
  })
})

describe('a session', () => {
  test('ends with its key', async (t) => {
    const visitor = await UiVisitor.signedIn(t)
    const { useCases, keyText } = visitor.api.memory
    await useCases.keys.revoke({ actor: 'test', traceId: undefined }, keyText.split('_')[1] ?? '')
    assert.equal((await visitor.get('/ui')).status, 303)
    assert.equal(visitor.cookie('idgen_session'), undefined)
  })

  test('ends when nobody uses it; charts that renew themselves are no use', async (t) => {
    const visitor = await UiVisitor.signedIn(t)
    const { clock } = visitor.api.memory
    clock.advance(IDLE_MS - 1)
    await visitor.see('/ui')
    clock.advance(IDLE_MS - 1)
    assert.equal((await visitor.get('/ui', { 'hx-request': 'true' })).status, 200)
    clock.advance(2)
    const piece = await visitor.get('/ui', { 'hx-request': 'true' })
    assert.equal(piece.status, 401)
    assert.match(piece.headers['hx-redirect'] ?? '', /^\/ui\/sign-in/)
  })

  test('that ended before a form came: it says that nothing was done, and leads back to the form', async (t) => {
    const visitor = await UiVisitor.signedIn(t)
    await visitor.see('/ui/workspaces')
    visitor.api.memory.clock.advance(IDLE_MS + 1)
    const referer = 'http://idgen.example:8080/ui/workspaces?after=a'
    const sent = await visitor.send('/ui/workspaces', { name: 'acme' }, { referer })
    assert.equal(sent.headers['location'], '/ui/sign-in?back=%2Fui%2Fworkspaces%3Fafter%3Da&lost=form')
    const form = await visitor.see(sent.headers['location'] ?? '')
    assert.match(form, /role="status">Your session had ended\. Nothing of what you sent was done/)
    assert.match(form, /name="back" value="\/ui\/workspaces\?after=a"/)
    // With another language it still says so.
    assert.match(form, /name="back" value="[^"]*&#38;lost=form"/)
    assert.doesNotMatch(await visitor.see('/ui/sign-in?back=%2Fui'), /had ended/)
    for (const elsewhere of ['http://evil.example/ui/workspaces', 'x', 'http://idgen.example:8080/v1/tags']) {
      const { headers } = await visitor.send('/ui/workspaces', { name: 'acme' }, { referer: elsewhere })
      assert.equal(headers['location'], '/ui/sign-in?back=%2Fui&lost=form', elsewhere)
    }
  })

  test('lasts while somebody types into a form that says what it would do', async (t) => {
    const visitor = await UiVisitor.signedIn(t)
    await visitor.see('/ui/tags/new')
    for (let quarter = 0; quarter < 5; quarter += 1) {
      visitor.api.memory.clock.advance(IDLE_MS / 4)
      const typed = await visitor.send('/ui/tags/check', { chain: 'uuid-v4' }, { 'hx-request': 'true' })
      assert.equal(typed.status, 200)
    }
    await visitor.see('/ui/tags/new')
  })

  test('outlives a link on another site, with which browsers do not send its cookie', async (t) => {
    const visitor = await UiVisitor.signedIn(t)
    const link = { cookie: '', 'sec-fetch-site': 'cross-site' }
    const passing = await visitor.get('/ui/tags?q=a&within=b', link)
    assert.equal(passing.status, 200)
    assert.match(
      passing.text,
      /<meta http-equiv="refresh" content="0; url=\/ui\/tags\?q=a&#38;within=b">[\s\S]*Go on to the page/,
    )
    assert.equal(passing.headers['set-cookie'], undefined)
    // The page that follows is asked for by one of ours: with the cookie where there is one, else to sign in.
    const own = { cookie: '', 'sec-fetch-site': 'same-origin' }
    const stranger = await visitor.get('/ui/tags', own)
    assert.deepEqual([stranger.status, stranger.headers['set-cookie']], [303, undefined])
    assert.match(await visitor.see('/ui/tags?q=a&within=b'), /Search by name/)
    // A cookie that came and is over is forgotten, wherever the link was.
    visitor.setCookie('idgen_session', 'x')
    const over = await visitor.get('/ui', { 'sec-fetch-site': 'cross-site' })
    assert.deepEqual([over.status, visitor.cookie('idgen_session')], [303, undefined])
  })

  test('lasts while the database is away', async (t) => {
    const visitor = await UiVisitor.signedIn(t)
    t.mock.method(visitor.api.memory.useCases.readiness, 'report', () => {
      throw new Error('password=hunter2')
    })
    const failed = await visitor.see('/ui?q=searched', 500)
    assert.ok(!failed.includes('hunter2'))
    assert.match(failed, /IDGEN_INTERNAL/)
    assert.ok(visitor.cookie('idgen_session') !== undefined)
    const line = visitor.api.memory.log.lines.find(({ text }) => text === 'page failed')
    assert.equal(line?.fields['url'], '/ui', 'what was searched for is not for the log')
  })
})

describe('a form', () => {
  test('of another site changes nothing', async (t) => {
    const visitor = await UiVisitor.signedIn(t)
    for (const headers of [
      { origin: 'https://evil.example' },
      { origin: 'null' },
      { origin: 'http://idgen.example:8080', 'sec-fetch-site': 'cross-site' },
      { origin: 'http://idgen.example:8080', 'sec-fetch-site': 'same-site' },
    ])
      for (const url of ['/ui/sign-in', '/ui/sign-out', '/ui/preferences'])
        assert.equal(
          (await visitor.send(url, { theme: 'dark' }, headers)).status,
          403,
          JSON.stringify(headers),
        )
    await visitor.see('/ui')
  })
})

describe('every page', () => {
  test('forbids scripts, styles and frames that are not ours', async (t) => {
    const visitor = await UiVisitor.signedIn(t)
    for (const url of ['/ui', '/ui/sign-in', '/ui/none', ASSETS.htmx.url]) {
      const { headers } = await visitor.get(url)
      const policy = headers['content-security-policy'] ?? ''
      assert.match(policy, /default-src 'none'/, url)
      assert.doesNotMatch(policy, /unsafe/)
      assert.match(policy, /frame-ancestors 'none'/)
      assert.equal(headers['x-content-type-options'], 'nosniff')
    }
  })

  test('has its own words for what is not there', async (t) => {
    const visitor = await UiVisitor.signedIn(t)
    assert.match(await visitor.see('/ui/<script>alert(1)</script>', 404), /There is no such page/)
  })

  test('speaks the language that was chosen', async (t) => {
    const visitor = await UiVisitor.signedIn(t)
    assert.match(await visitor.see('/ui'), /<html lang="en" data-theme="auto">/)
    const sent = await visitor.send('/ui/preferences', { language: 'zh', back: '/ui?a=b' })
    assert.equal(sent.headers['location'], '/ui?a=b')
    await visitor.send('/ui/preferences', { theme: 'dark' })
    assert.match(await visitor.see('/ui'), /<html lang="zh-Hans" data-theme="dark">[\s\S]*总览/)
  })
})

describe('the switch of language and colours', () => {
  const SWITCH = /action="\/ui\/preferences"[\s\S]*?name="back" value="([^"]*)"/

  test('is not on a page that it could not lead back to: what was typed would be lost', async (t) => {
    const visitor = await UiVisitor.signedIn(t)
    const typed = { workspace: 'A b', group: 'g', tag: 't', chain: 'segment' }
    assert.match(await visitor.see('/ui/tags/new?within=a/b'), SWITCH)
    assert.doesNotMatch((await visitor.send('/ui/tags/new', typed)).text, SWITCH)
    assert.doesNotMatch((await visitor.send('/ui/tags/new-batch', { lines: 'a/b/c' })).text, SWITCH)
    const tags = (count: number) => Array.from({ length: count }, (_, at) => `tag=${'n'.repeat(60)}/g/${at}`)
    const long = await visitor.see(`/ui/tags/batch?${tags(50).join('&')}`)
    assert.doesNotMatch(long, SWITCH)
    const url = `/ui/tags/batch?${tags(14).join('&')}`
    const [, back = ''] = SWITCH.exec(await visitor.see(url)) ?? []
    assert.equal(back.replaceAll('&#38;', '&'), url)
    const sent = await visitor.send('/ui/preferences', { language: 'zh', back: url })
    assert.equal(sent.headers['location'], url)
  })

  test('is beside a key that was refused, and the way back is kept', async (t) => {
    const visitor = await UiVisitor.start(t)
    const refused = await visitor.send('/ui/sign-in', { key: 'wrong', back: '/ui/tags?q=a' })
    const [, back = ''] = SWITCH.exec(refused.text) ?? []
    assert.equal(back, '/ui/sign-in?back=%2Fui%2Ftags%3Fq%3Da')
    const long = `/ui/tags?q=${'/'.repeat(900)}`
    const form = await visitor.see(`/ui/sign-in?back=${encodeURIComponent(long)}`)
    assert.equal(SWITCH.exec(form)?.[1], '/ui/sign-in')
  })
})

test('what pages load is named by what it holds, and kept for ever', async (t) => {
  const visitor = await UiVisitor.start(t)
  for (const { url, content, mediaType } of Object.values(ASSETS)) {
    const { status, headers, text } = await visitor.get(url)
    assert.equal(status, 200)
    assert.equal(headers['content-type'], mediaType)
    assert.match(headers['cache-control'] ?? '', /immutable/)
    assert.equal(text, content.toString())
  }
})

describe('a form that is too large', () => {
  test('is not read from strangers, and not taken apart for members', async (t) => {
    const visitor = await UiVisitor.start(t)
    for (const path of ['/ui/sign-in', '/ui/preferences', '/ui/sign-out'])
      assert.equal((await visitor.send(path, { key: 'x'.repeat(5000) })).status, 413, path)
    await visitor.signIn()
    const many = new URLSearchParams(Array.from({ length: 2001 }, (): [string, string] => ['a', '']))
    assert.equal((await visitor.send('/ui/keys', many)).status, 413)
    assert.equal((await visitor.send('/ui/keys', { name: 'x'.repeat(70_000) })).status, 413)
  })
})
