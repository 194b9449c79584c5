import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Browser } from 'playwright-core'
import type { ServiceProcess } from '../fixtures/service-process.ts'
import { KEY } from './embedded-service.ts'
import { signedIn } from './ui-signed-in.ts'

/** A page of another site has a link to one of ours, which leads there: who is signed in stays so, others sign in first. */
export async function linkFromElsewhere(browser: Browser, service: ServiceProcess): Promise<void> {
  const other = createServer((_request, answer) => {
    answer.setHeader('content-type', 'text/html')
    answer.end(`<a href="${service.httpOrigin}/ui/nodes">idgen</a>`)
  }).listen(0, '127.0.0.1')
  try {
    await once(other, 'listening')
    // The same machine by its name, which is another site for a browser: the service is known by its address.
    const elsewhere = `http://localhost:${(other.address() as AddressInfo).port}/`
    for (const javaScriptEnabled of [true, false]) {
      const context = await browser.newContext({ locale: 'en', javaScriptEnabled })
      const page = await signedIn(context, service)
      await page.goto(elsewhere)
      await page.getByRole('link', { name: 'idgen' }).click()
      await page.getByRole('heading', { name: 'Nodes', exact: true }).waitFor()
      await page.goto(`${service.httpOrigin}/ui`)
      await page.getByRole('heading', { name: 'Overview' }).waitFor()
      await context.close()
      const strange = await browser.newContext({ locale: 'en', javaScriptEnabled })
      const stranger = await strange.newPage()
      await stranger.goto(elsewhere)
      await stranger.getByRole('link', { name: 'idgen' }).click()
      await stranger.locator('#key').fill(KEY)
      await stranger.locator('main button').click()
      await stranger.getByRole('heading', { name: 'Nodes', exact: true }).waitFor()
      await strange.close()
    }
  } finally {
    other.close()
    other.closeAllConnections()
  }
}
