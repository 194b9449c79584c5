import assert from 'node:assert/strict'
import { test } from 'node:test'
import vm from 'node:vm'
import { ONCE_SCRIPT } from './once-script.ts'

/** A form as far as the script looks at it; which selectors match is a browser's part (ui-pressed-twice.ts). */
interface Form {
  readonly matches: (selector: string) => boolean
}

const form = (isMeant = true): Form => ({
  matches: (selector) => isMeant && selector === 'form[method=post]:not([hx-post])',
})

/** As much of a page as the script touches. */
function page() {
  const listeners = new Map<string, (event: object) => void>()
  const listen = (event: string, run: (event: object) => void): void => void listeners.set(event, run)
  vm.runInNewContext(ONCE_SCRIPT, { document: { addEventListener: listen }, addEventListener: listen })
  return {
    /** Whether the form is sent. */
    submit: (target: Form, timeStamp: number): boolean => {
      let isSent = true
      listeners.get('submit')?.({ target, timeStamp, preventDefault: () => (isSent = false) })
      return isSent
    },
    show: () => listeners.get('pageshow')?.({}),
  }
}

test('a second press sends nothing, until nobody can be waiting for the first one any more', () => {
  const { submit } = page()
  const one = form()
  assert.deepEqual(
    [500, 700, 9000, 10_500, 10_600].map((at) => submit(one, at)),
    [true, false, false, true, false],
  )
})

test('forms of a page do not wait for each other, and what htmx or a search sends is let alone', () => {
  const { submit } = page()
  const [one, another, searching] = [form(), form(), form(false)]
  assert.deepEqual([submit(one, 500), submit(another, 600), submit(one, 700)], [true, true, false])
  assert.deepEqual([submit(searching, 800), submit(searching, 900)], [true, true])
})

test('who comes back to the page may send it again', () => {
  const { submit, show } = page()
  const one = form()
  assert.deepEqual([submit(one, 500), submit(one, 700)], [true, false])
  show()
  assert.equal(submit(one, 900), true)
})
