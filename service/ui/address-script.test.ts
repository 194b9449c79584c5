import assert from 'node:assert/strict'
import { test } from 'node:test'
import vm from 'node:vm'
import { ADDRESS_SCRIPT } from './address-script.ts'

/** As much of the page /ui/tags as the script touches; `fields`: what its form has. */
function pageWith(fields: Readonly<Record<string, string>>, back: { value: string } | null) {
  let url = '/ui/tags?after=x'
  let typed: (() => void) | undefined
  const form = { addEventListener: (_event: string, run: () => void): void => void (typed = run) }
  vm.runInNewContext(ADDRESS_SCRIPT, {
    document: { querySelectorAll: () => [form], querySelector: () => back },
    location: { pathname: '/ui/tags' },
    history: {
      state: null,
      replaceState: (_state: null, _title: string, to: string): void => void (url = to),
    },
    URLSearchParams,
    // As far as the script knows it: pairs of names and values.
    FormData: class {
      [Symbol.iterator]() {
        return Object.entries(fields).values()
      }
    },
  })
  return { url: () => url, type: () => typed?.() }
}

test('the address and the way back follow what is typed and chosen', () => {
  const back = { value: '/ui/tags?after=x' }
  const page = pageWith({ q: 'a&b', within: 'acme/shop' }, back)
  assert.equal(page.url(), '/ui/tags?after=x')
  page.type()
  const wanted = '/ui/tags?q=a%26b&within=acme%2Fshop'
  assert.deepEqual([page.url(), back.value], [wanted, wanted])
})

test('a page without a switch of language has an address all the same', () => {
  const page = pageWith({ q: '', within: '' }, null)
  page.type()
  assert.equal(page.url(), '/ui/tags?q=&within=')
})
