import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { attr, html, type Value } from './html.ts'

describe('a value in a page', () => {
  const hostile = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.constantFrom(
      '<script>alert(1)</script>',
      '"><img src=x onerror=alert(1)>',
      "' onload='x",
      '`',
      '&lt;',
    ),
  )

  test('is text, whatever stands in it', () => {
    fc.assert(
      fc.property(hostile, (value) => {
        const printed = html`<p>${value}</p>`.toString()
        const inside = printed.slice('<p>'.length, -'</p>'.length)
        assert.doesNotMatch(inside, /[<>"'`]/)
        assert.equal(read(inside), value)
      }),
    )
  })

  test('does not leave its attribute', () => {
    fc.assert(
      fc.property(hostile, (value) => {
        const printed = html`<p title="${value}">x</p>`.toString()
        const inside = printed.slice('<p title="'.length, -'">x</p>'.length)
        assert.doesNotMatch(inside, /[<>"'`]/)
        assert.equal(read(inside), value)
      }),
    )
  })

  test('is markup only where a template made it', () => {
    const bold = html`<b>${'<i>'}</b>`
    assert.equal(html`<p>${bold}</p>`.toString(), '<p><b>&#60;i&#62;</b></p>')
    assert.equal(html`<p>${[bold, 'x', undefined, false, 0]}</p>`.toString(), '<p><b>&#60;i&#62;</b>x0</p>')
    assert.equal(
      html`<p>${bold.toString()}</p>`.toString(),
      '<p>&#60;b&#62;&#38;#60;i&#38;#62;&#60;/b&#62;</p>',
    )
  })
})

describe('a template', () => {
  test('refuses a value where no escaping makes it safe', () => {
    const x = 'x'
    for (const make of [
      () => html`<p title=${x}>`,
      () => html`<p title='${x}'>`,
      () => html`<${x}>`,
      () => html`<script>${x}</script>`,
      () => html`<style>${x}</style>`,
      () => html`<!-- ${x} -->`,
      () => html`<p data-${x}="1">`,
    ])
      assert.throws(make, /template/, make.toString())
  })

  test('takes among attributes nothing but attributes', () => {
    assert.equal(html`<input ${attr('checked', true)}>`.toString(), '<input checked="">')
    assert.equal(html`<input ${attr('checked', false)}>`.toString(), '<input >')
    assert.equal(html`<a ${attr('title', true, '"')}>`.toString(), '<a title="&#34;">')
    assert.throws(() => html`<input ${'onclick=alert(1)'}>`, /among the attributes/)
    assert.throws(() => attr('onclick', true, 'x'), /no attribute/)
    for (const name of ['style', 'srcdoc', 'onx', 'hx-vals'])
      assert.throws(() => attr(name, true, 'x'), /no attribute/)
    assert.throws(() => attr('href', true, 'javascript:x'), /may not lead to/)
    assert.equal(attr('href', true, '/ui')?.text, 'href="/ui"')
    assert.throws(() => html`<p title="${html`<b>`}">`, /not markup/)
    assert.throws(() => html`<p>${attr('hidden', true)}</p>`, /text of a page/)
  })

  test('leads nowhere but to paths of ours and to the web', () => {
    for (const url of ['/ui', '/ui?x=1', '?page=2', '#main', 'https://grafana.example/d/1', 'http://h/', ''])
      assert.match(html`<a href="${url}">`.toString(), /^<a href=/)
    for (const url of [
      'javascript:alert(1)',
      ' javascript:x',
      'data:text/html,x',
      '//evil.example/',
      '/\\evil.example/',
      '\\\\evil.example/',
      '/\t/evil.example/',
      '/\n/evil.example/',
      '\t//evil.example/',
      'JaVaScRiPt:x',
    ])
      for (const make of [
        (to: Value) => html`<a href="${to}">`,
        (to: Value) => html`<form action="${to}">`,
        (to: Value) => html`<div hx-get="${to}">`,
        (to: Value) => html`<div data-hx-delete="${to}">`,
        (to: Value) => html`<object data="${to}">`,
      ])
        assert.throws(() => make(url), /may not lead to/, url)
    // Behind what the template itself begins with it cannot change where the link leads.
    assert.equal(html`<a href="/ui/${'javascript:x'}">`.toString(), '<a href="/ui/javascript:x">')
  })
})

describe('a link', () => {
  const OURS = 'https://idgen.example'
  /** Bits of addresses that browsers read in their own way, in any order. */
  const bits = fc.constantFrom(
    '/',
    '\\',
    '\t',
    '\n',
    '\r',
    '\0',
    ' ',
    ':',
    '@',
    '?',
    '#',
    '.',
    '..',
    'evil.example',
    'javascript:',
    'http:',
  )
  const address = fc.oneof(
    fc.string(),
    fc.array(bits, { maxLength: 8 }).map((parts) => parts.join('')),
  )

  test('stays with us unless it says http or https and a host, whatever its value is', () => {
    fc.assert(
      fc.property(address, (url) => {
        if (/^https?:\/\//.test(url) || !isPrinted(() => html`<a href="${url}">`)) return
        if (URL.canParse(url, OURS)) assert.equal(new URL(url, OURS).origin, OURS)
      }),
      { numRuns: 5000 },
    )
  })

  test('is led nowhere else by a value behind its beginning', () => {
    fc.assert(
      fc.property(address, address, (url, more) => {
        for (const [full, make] of [
          [`/ui/${url}`, () => html`<a href="/ui/${url}">`],
          [`?${url}`, () => html`<a href="?${url}">`],
          [`${url}?${more}`, () => html`<a href="${url}?${more}">`],
        ] as const)
          if (!/^https?:\/\//.test(full) && isPrinted(make) && URL.canParse(full, OURS))
            assert.equal(new URL(full, OURS).origin, OURS)
      }),
      { numRuns: 2000 },
    )
    const x = '/evil.example'
    for (const make of [
      () => html`<a href="/${x}">`,
      () => html`<a href=" ${x}">`,
      () => html`<a href="/\t${x}">`,
      () => html`<a href="https:/${x}">`,
      () => html`<a href="https://${x}">`,
      () => html`<a href="https://idgen.${x}">`,
      () => html`<a href="javascript:${x}">`,
      () => html`<a href="${'/'}${x}">`,
      () => html`<a href="${'/'}/${x}">`,
    ])
      assert.throws(make, /could name another host/, make.toString())
    assert.equal(
      html`<a href="https://idgen.example/${x}">`.toString(),
      '<a href="https://idgen.example//evil.example">',
    )
  })
})

describe('an attribute that is code', () => {
  test('takes no value, with or without the prefix of data', () => {
    const x = 'x'
    for (const make of [
      () => html`<p onclick="${x}">`,
      () => html`<p ONCLICK="f(${x})">`,
      () => html`<p style="color: ${x}">`,
      () => html`<iframe srcdoc="${x}">`,
      () => html`<img srcset="${x}">`,
      () => html`<a ping="${x}">`,
      () => html`<p hx-vals="${x}">`,
      () => html`<p hx-trigger="every ${x}">`,
      () => html`<p data-hx-vals="${x}">`,
      () => html`<p hx-on:click="${x}">`,
    ])
      assert.throws(make, /which is code/, make.toString())
    assert.match(html`<p hx-trigger="every 2s" title="${x}">`.toString(), /title="x"/)
  })
})

function isPrinted(make: () => unknown): boolean {
  try {
    make()
    return true
  } catch {
    return false
  }
}

/** What a browser reads in text and in attributes. */
function read(escaped: string): string {
  assert.doesNotMatch(escaped.replace(/&#\d+;/g, ''), /&/)
  return escaped.replace(/&#(\d+);/g, (_, code: string) => String.fromCharCode(Number(code)))
}
