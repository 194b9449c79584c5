import assert from 'node:assert/strict'
import { test } from 'node:test'
import vm from 'node:vm'
import { ONCE_SCRIPT } from './once-script.ts'

/** As much of a page as the script touches. */
function pageWithForm() {
  const listeners = new Map<string, (event: object) => void>()
  const listen = (event: string, run: (event: object) => void): void => void listeners.set(event, run)
  vm.runInNewContext(ONCE_SCRIPT, {
    document: { querySelectorAll: () => [{ addEventListener: listen }] },
    addEventListener: listen,
  })
  return {
    /** Whether the form is sent. */
    submit: (timeStamp: number): boolean => {
      let isSent = true
      listeners.get('submit')?.({ timeStamp, preventDefault: () => (isSent = false) })
      return isSent
    },
    show: () => listeners.get('pageshow')?.({}),
  }
}

test('a second press sends nothing, until nobody can be waiting for the first one any more', () => {
  const page = pageWithForm()
  assert.deepEqual([500, 700, 9000, 10_500, 10_600].map(page.submit), [true, false, false, true, false])
})

test('who comes back to the page may send it again', () => {
  const page = pageWithForm()
  assert.deepEqual([page.submit(500), page.submit(700)], [true, false])
  page.show()
  assert.equal(page.submit(900), true)
})
