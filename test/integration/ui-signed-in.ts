import type { BrowserContext, Page } from 'playwright-core'
import type { ServiceProcess } from '../fixtures/service-process.ts'
import { KEY } from './embedded-service.ts'

/** A page of a browser, at the overview, signed in with a key that may do everything. */
export async function signedIn(context: BrowserContext, service: ServiceProcess): Promise<Page> {
  const page = await context.newPage()
  await page.goto(`${service.httpOrigin}/ui`)
  await page.locator('#key').fill(KEY)
  await page.locator('main button').click()
  await page.waitForURL(`${service.httpOrigin}/ui`)
  return page
}
