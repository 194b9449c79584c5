import assert from 'node:assert/strict'
import { test } from 'node:test'
import vm from 'node:vm'
import { COPY_SCRIPT } from './copy-script.ts'

/** As much of a page as the script touches. */
function pageWith(clipboard: { writeText: (text: string) => Promise<void> } | undefined) {
  let click: (() => Promise<void>) | undefined
  const status = { textContent: '' }
  const pre = { textContent: 'curl …' }
  const figure = { querySelector: (wanted: string) => (wanted === 'pre' ? pre : status) }
  const button = {
    hidden: true,
    dataset: { copied: 'Copied', failed: 'Not copied' },
    closest: () => figure,
    addEventListener: (_event: string, run: () => Promise<void>) => {
      click = run
    },
  }
  vm.runInNewContext(COPY_SCRIPT, {
    document: { querySelectorAll: () => [button] },
    navigator: { clipboard },
  })
  return { button, status, click: () => click?.() }
}

test('the button shows itself where there is a clipboard, copies, and says so', async () => {
  const written: string[] = []
  const page = pageWith({ writeText: async (text) => void written.push(text) })
  assert.equal(page.button.hidden, false)
  await page.click()
  assert.deepEqual([written, page.status.textContent], [['curl …'], 'Copied'])
})

test('a clipboard that refuses is told, and without one there is no button', async () => {
  const page = pageWith({ writeText: () => Promise.reject(new Error('refused')) })
  await page.click()
  assert.equal(page.status.textContent, 'Not copied')
  assert.equal(pageWith(undefined).button.hidden, true)
})
