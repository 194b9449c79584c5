import assert from 'node:assert/strict'
import { test } from 'node:test'
import { KEY_TEXT_MAX } from '../app/authenticator.ts'
import { certificateText, readCertificateText } from './certificate-text.ts'

const MARK = 'mark-0123456789abcdef0123456789abcdef '

test('a certificate comes back out of its text as it was', () => {
  for (const shown of [
    { names: ['URI:spiffe://a/b"c', 'CN:ä'], endMs: 5 },
    { names: [], endMs: 0, fault: 'CERT_HAS_EXPIRED' },
  ])
    assert.deepEqual(readCertificateText(MARK, certificateText(MARK, shown)), shown)
})

test('no key is a certificate, and nothing is where no mark is known', () => {
  const text = certificateText(MARK, { names: ['CN:a'], endMs: 5 })
  assert.equal(readCertificateText('', text), undefined)
  assert.equal(readCertificateText(MARK.replace('0', '1'), text), undefined)
  assert.equal(readCertificateText(MARK, 'idg_abcdefghij12_x'), undefined)
})

test('a certificate with many or long names stays as short as a key may be', () => {
  const names = Array.from({ length: 100 }, (_, index) => `DNS:${index}.${'x'.repeat(200)}`)
  const text = certificateText(MARK, { names, endMs: Date.now(), fault: 'x'.repeat(500) })
  assert.ok(text.length <= KEY_TEXT_MAX, `${text.length}`)
  assert.deepEqual(readCertificateText(MARK, text)?.names, names.slice(0, 3))
})
