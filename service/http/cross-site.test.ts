import assert from 'node:assert/strict'
import type { IncomingMessage } from 'node:http'
import { test } from 'node:test'
import { standIn } from '../sockets/client-certificate.ts'
import { certificateFor, otherSiteOf, setAside } from './cross-site.ts'

test('a request of a program, of this server’s own pages or of a typed address comes from no other site', () => {
  for (const headers of [
    {},
    { 'sec-fetch-site': 'none' },
    { 'sec-fetch-site': 'same-origin', origin: 'https://ids.example' },
    { origin: 'https://ids.example:8443', host: 'IDS.example:8443' },
  ])
    assert.equal(otherSiteOf(headers), undefined, JSON.stringify(headers))
})

test('a request that a page of another site has sent is told by the headers of the browser', () => {
  for (const [headers, told] of [
    [{ 'sec-fetch-site': 'cross-site' }, 'Sec-Fetch-Site: cross-site'],
    [{ 'sec-fetch-site': 'same-site', host: 'a.example' }, 'Sec-Fetch-Site: same-site'],
    [{ 'sec-fetch-site': 'none, cross-site' }, 'Sec-Fetch-Site: none, cross-site'],
    [{ 'sec-fetch-site': '' }, 'Sec-Fetch-Site: '],
    [{ origin: 'https://evil.example', host: 'ids.example' }, 'Origin: https://evil.example'],
    [{ origin: 'https://ids.example.evil', host: 'ids.example' }, 'Origin: https://ids.example.evil'],
    [{ origin: 'https://ids.example:1', host: 'ids.example' }, 'Origin: https://ids.example:1'],
    [{ origin: 'http://ids.example', host: 'ids.example' }, 'Origin: http://ids.example'],
    [{ origin: 'null', host: 'ids.example' }, 'Origin: null'],
    [{ origin: 'https://ids.example' }, 'Origin: https://ids.example'],
  ] as const)
    assert.equal(otherSiteOf(headers), told)
})

test('a certificate counts for the request only where no page of another site sent it', () => {
  const request = (headers: IncomingMessage['headers'], text = 'a certificate'): IncomingMessage => {
    const socket = {}
    standIn(socket, text)
    return { headers, socket } as unknown as IncomingMessage
  }
  assert.equal(certificateFor(request({})), 'a certificate')
  assert.equal(setAside(request({})), undefined)
  const driven = request({ 'sec-fetch-site': 'cross-site' })
  assert.equal(certificateFor(driven), undefined)
  assert.match(setAside(driven)?.message ?? '', /another site .*\(Sec-Fetch-Site: cross-site\)/)
  // Without one it is the ordinary refusal.
  assert.equal(setAside({ headers: driven.headers, socket: {} } as unknown as IncomingMessage), undefined)
})
