import assert from 'node:assert/strict'
import type { Browser, Locator, Page, Request } from 'playwright-core'
import type { ServiceProcess } from '../fixtures/service-process.ts'
import { signedIn } from './ui-signed-in.ts'

/** A button that is pressed again before the answer is there does its work once, and the page says that it was done. */
export async function pressedTwice(browser: Browser, service: ServiceProcess): Promise<void> {
  const context = await browser.newContext({ locale: 'en' })
  const page = await signedIn(context, service)
  const open = (path: string) => page.goto(service.httpOrigin + path)
  const button = (name: string) => page.getByRole('button', { name, exact: true })
  const leadsTo = (path: string) => () => page.waitForURL(service.httpOrigin + path)

  await open('/ui/workspaces')
  await page.locator('#name').fill('twice')
  await pressTwice(page, button('New workspace'), leadsTo('/ui/workspaces/twice'))
  await page.locator('#name').fill('one')
  await pressTwice(page, button('New group'), leadsTo('/ui/workspaces/twice/groups/one'))
  await open('/ui/tags/new?within=twice/two&tag=t')
  const both = button('Make the group twice/two too, and t in it')
  await pressTwice(page, button('Make the tag'), () => both.waitFor())
  await pressTwice(page, both, leadsTo('/ui/tags/twice/two/t'))
  for (const [path, name, what, after] of [
    ['tags/twice/two/t', 'twice/two/t', 'Delete the tag', 'tags?within=twice%2Ftwo'],
    ['workspaces/twice/groups/two', 'two', 'Delete', 'workspaces/twice'],
    ['workspaces/twice/groups/one', 'one', 'Delete', 'workspaces/twice'],
    ['workspaces/twice', 'twice', 'Delete', 'workspaces'],
  ] as const) {
    await open(`/ui/${path}/delete`)
    await page.locator('#confirm').fill(name)
    await pressTwice(page, button(what), leadsTo(`/ui/${after}`))
  }
  await context.close()
}

/** The answer is held back until the second press is over, so that no machine is too fast for it. `then`: what comes of the form. */
async function pressTwice(page: Page, button: Locator, then: () => Promise<unknown>): Promise<void> {
  let sent = 0
  const count = (request: Request): void => {
    if (isForm(request)) sent += 1
  }
  page.on('request', count)
  const isPressed = Promise.withResolvers<void>()
  await page.route('**/*', async (route) => {
    if (isForm(route.request())) await isPressed.promise
    await route.continue()
  })
  await button.focus()
  const begun = page.waitForRequest(isForm)
  await page.keyboard.press('Enter')
  await begun
  await page.keyboard.press('Enter')
  isPressed.resolve()
  await then()
  page.off('request', count)
  await page.unrouteAll({ behavior: 'wait' })
  assert.equal(sent, 1, page.url())
}

function isForm(request: Request): boolean {
  return request.method() === 'POST' && request.isNavigationRequest()
}
