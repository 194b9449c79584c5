import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { UiVisitor } from '../../../test/fixtures/ui-visitor.ts'
import { ALGORITHMS } from '../../core/algorithm.ts'

const ACTOR = { actor: 'test', traceId: undefined }

async function withTags(t: TestContext): Promise<UiVisitor> {
  const visitor = await UiVisitor.signedIn(t)
  const { catalog } = visitor.api.memory.useCases
  await catalog.createWorkspace(ACTOR, 'acme', '')
  await catalog.createGroup(ACTOR, 'acme', 'shop', '')
  for (const algorithm of ALGORITHMS)
    await catalog.createTag(ACTOR, { workspace: 'acme', group: 'shop', name: algorithm }, { algorithm })
  return visitor
}

function idsIn(text: string): string[] {
  return [...text.matchAll(/href="\/ui\/ids\?id=([^"&]+)&tag=/g)].map(([, id = '']) => decodeURIComponent(id))
}

test('IDs that are tried out are real ones, counted for the key, and never come again', async (t) => {
  const visitor = await withTags(t)
  for (const algorithm of ALGORITHMS) {
    const url = `/ui/tags/acme/shop/${algorithm}`
    await visitor.see(url)
    const first = await visitor.send(url, { count: '10' })
    assert.match(first.text, /<html/)
    const second = await visitor.send(url, { count: '3' }, { 'hx-request': 'true' })
    assert.doesNotMatch(second.text, /<html/)
    const ids = [...idsIn(first.text), ...idsIn(second.text)]
    assert.equal(new Set(ids).size, 13, algorithm)
    assert.match(second.text, new RegExp(`Given by ${algorithm}`))
    for (const id of ids) assert.match(id, algorithm.startsWith('uuid') ? /^[0-9a-f-]{36}$/ : /^\d+$/)
    await visitor.see(`/ui/ids?id=${ids[0]}`)
  }
  const counted = await visitor.api.memory.issueCounts()
  assert.deepEqual(
    counted.map(({ subject, detail }) => [subject, detail?.['ids']]).sort(),
    ALGORITHMS.map((algorithm) => [`acme/shop/${algorithm}`, 13]).sort(),
  )
})

test('a count that is too large, and a key that may not issue, are told beside the button', async (t) => {
  const visitor = await withTags(t)
  const url = '/ui/tags/acme/shop/segment'
  for (const count of ['0', '11', 'x', '1e3', '-1'])
    assert.match((await visitor.send(url, { count })).text, /IDGEN_COUNT_OUT_OF_RANGE/, count)
  const { text } = await visitor.api.memory.useCases.keys.create(ACTOR, {
    name: 'manager',
    scopes: ['manage'],
    within: '',
    expiresAt: undefined,
  })
  await visitor.send('/ui/sign-out')
  await visitor.signIn(text)
  await visitor.see(url)
  assert.match((await visitor.send(url, { count: '1' })).text, /IDGEN_FORBIDDEN/)
  assert.equal((await visitor.send(url, { count: '1', csrf: 'x' })).status, 403)
})

test('examples have the tag in them, for what it issues, and no key', async (t) => {
  const visitor = await withTags(t)
  const segment = await visitor.see('/ui/tags/acme/shop/segment')
  assert.match(
    segment,
    /http:\/\/idgen\.example:8080\/v1\/workspaces\/acme\/groups\/shop\/tags\/segment\/ids/,
  )
  assert.match(segment, /INCR acme\/shop\/segment/)
  assert.match(segment, /client\.numbers\(/)
  assert.ok(!segment.includes(visitor.api.memory.keyText))
  const snowflake = await visitor.see('/ui/tags/acme/shop/snowflake')
  assert.match(snowflake, /IDGEN\.NEXT acme\/shop\/snowflake/)
  assert.match(snowflake, /client\.bigints\(/)
  const format = { prefix: 'INV-' }
  for (const [name, chain] of [
    ['invoices', ['segment']],
    ['dispatches', ['snowflake']],
  ] as const) {
    const { catalog } = visitor.api.memory.useCases
    const tag = { workspace: 'acme', group: 'shop', name }
    await catalog.createTag(ACTOR, tag, { chain, space: { format } })
    const written = await visitor.see(`/ui/tags/acme/shop/${name}`)
    assert.match(written, new RegExp(`IDGEN\\.NEXT acme/shop/${name}`))
    assert.match(written, new RegExp(`client\\.texts\\(&#39;acme/shop/${name}`))
    assert.doesNotMatch(written, /INCR|client\.(?:numbers|bigints)/)
  }
  assert.match(segment, /How many \(at most 10\)/)
  assert.equal([...segment.matchAll(/<button type="button"[^>]* data-copy[^>]* hidden/g)].length, 4)
  const { text } = await visitor.get('/ui/tags/acme/shop/segment', { host: '"><script>alert(1)</script>' })
  assert.doesNotMatch(text, /<script>alert/)
})

test('what is in memory is drawn once the tag was served', async (t) => {
  const visitor = await withTags(t)
  const url = '/ui/tags/acme/shop/segment'
  assert.match(await visitor.see(`${url}/live`), /has not served the tag yet/)
  await visitor.see(url)
  await visitor.send(url, { count: '10' })
  const drawn = await visitor.see(`${url}/live`)
  assert.match(drawn, /[\d,]+ numbers in memory: a segment of [\d,]+ in use, (?:none|\d) fetched ahead/)
  // The two marks stand where the next segment is fetched, in the part of the picture that is the segment in use.
  const marks = [...drawn.matchAll(/<line x1="([\d.]+)%"[^>]*><\/line><text[^>]*>(\d+)%</g)].map(
    ([, at, share]) => [Number(at), Number(share)] as const,
  )
  assert.equal(marks.length, 2)
  for (const [at, share] of marks) assert.ok(Math.abs(at - 60 * (1 - share / 100)) < 0.4, `${at} ${share}`)
  assert.equal(marks[1]?.[1], 10)
  assert.match(
    drawn,
    /data-fetch>Prefetch point: from the dashed line on \((?:[34]\d|50)% left\).*less than 60 seconds.*\(10% left\)/,
  )
  assert.match(await visitor.see(url), /full in /)
})

test('what is no ID is said, and what is one is read', async (t) => {
  const visitor = await withTags(t)
  assert.match(await visitor.see('/ui/ids'), /Read an ID/)
  assert.match(await visitor.see('/ui/ids?id=1-2'), /IDGEN_ID_MALFORMED/)
  assert.match(await visitor.see('/ui/ids?id=%3Cb%3E'), /&#60;b&#62;/)
  assert.match(await visitor.see('/ui/ids?id=17'), /Number of a segment/)
})

test('IDs of a format are tried out as they are given, and read back with their tag', async (t) => {
  const visitor = await withTags(t)
  const { catalog } = visitor.api.memory.useCases
  const space = { format: { prefix: 'ORD-', width: 8 } }
  const request = { chain: ['segment'], space } as const
  await catalog.createTag(ACTOR, { workspace: 'acme', group: 'shop', name: 'invoices' }, request)
  const url = '/ui/tags/acme/shop/invoices'
  assert.match(await visitor.see(url), /ORD-/)
  const [id = ''] = idsIn((await visitor.send(url, { count: '1' })).text)
  assert.equal(id, 'ORD-00000001')
  assert.match(await visitor.see(`/ui/ids?id=${id}&tag=acme/shop/invoices`), />1</)
  assert.match(await visitor.see(`/ui/ids?id=${id}`), /IDGEN_ID_MALFORMED/)
})
