import assert from 'node:assert/strict'
import type { Browser } from 'playwright-core'
import { complaints } from '../fixtures/chromium.ts'
import type { ServiceProcess } from '../fixtures/service-process.ts'
import { post } from './embedded-service.ts'
import { signedIn } from './ui-signed-in.ts'

/** A workspace is chosen, then one of its groups, which are offered by then; loading the page anew and the switch of language keep both. */
export async function filteredTags(browser: Browser, service: ServiceProcess): Promise<void> {
  await post(service, '/v1/workspaces', { name: 'filtered' })
  for (const name of ['one', 'two']) {
    await post(service, '/v1/workspaces/filtered/groups', { name })
    const made = await post(service, `/v1/workspaces/filtered/groups/${name}/tags`, {
      name: 'tag',
      algorithm: 'segment',
    })
    assert.equal(made.status, 201)
  }
  const context = await browser.newContext({ locale: 'en' })
  const page = await signedIn(context, service)
  const complained = complaints(page)
  await page.getByRole('link', { name: 'Tags', exact: true }).click()
  const unit = page.getByLabel('Business unit')
  const found = (count: string) => page.getByRole('heading', { name: count, exact: true }).waitFor()
  await unit.focus()
  await unit.selectOption('filtered')
  await found('2 tags')
  await unit.locator('option[value="filtered/two"]').waitFor({ state: 'attached' })
  assert.equal(await unit.inputValue(), 'filtered')
  // The keyboard goes on from where it was.
  assert.equal(await page.evaluate('document.activeElement.id'), 'within')
  await unit.selectOption('filtered/two')
  await found('1 tag')
  const wanted = `${service.httpOrigin}/ui/tags?q=&within=filtered%2Ftwo`
  await page.waitForURL(wanted)
  await page.locator('a[href="/ui/tags/new?within=filtered%2Ftwo"]').waitFor()
  await page.getByRole('button', { name: '中文' }).click()
  await page.getByRole('heading', { name: '业务标签', exact: true }).waitFor()
  await page.waitForURL(wanted)
  assert.equal(await page.locator('#within').inputValue(), 'filtered/two')
  await page.getByRole('button', { name: 'English' }).click()
  await found('1 tag')
  await page.getByLabel('Search by name').fill('none')
  await found('0 tags')
  await page.reload()
  await found('0 tags')
  assert.equal(await page.getByLabel('Search by name').inputValue(), 'none')
  assert.deepEqual(complained, [])
  await context.close()
}
