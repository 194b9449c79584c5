// Runs beside others: no time is measured here.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type TestContext, test } from 'node:test'
import type { Page } from 'playwright-core'
import { INSTALLATION_PANELS, UNIT_PANELS } from '../../service/ui/grafana-panels.ts'
import { accessFaults, complaints, startChromium, withoutChromium } from '../fixtures/chromium.ts'
import { startService } from '../fixtures/service-process.ts'
import { KEY, makeTag } from './embedded-service.ts'
import { testDatabase } from './postgres-server.ts'

const PANELS = [...INSTALLATION_PANELS, ...UNIT_PANELS]
const TITLES = {
  en: PANELS.map(({ title }) => title),
  'zh-CN': PANELS.map(({ titleZh }) => titleZh),
} as const

const VIEWS = [
  { width: 1280, height: 900, locale: 'en' },
  { width: 390, height: 844, locale: 'zh-CN' },
] as const

test('panels of Grafana stand in the page in a real browser, and nothing else may be framed', {
  skip: withoutChromium(),
}, async (t) => {
  const [grafana, stranger] = [await stubServer(t), await stubServer(t)]
  const database = await testDatabase()
  t.after(() => database.drop())
  const service = await startService({
    IDGEN_DATABASE_URL: database.url,
    IDGEN_AUTH_ADMIN_KEY: KEY,
    IDGEN_SERVER_UI_GRAFANA_URL: grafana.origin,
  })
  t.after(() => service.stop('SIGTERM'))
  await makeTag(service, 'orders', { algorithm: 'segment' })
  const browser = await startChromium(t)
  for (const { width, height, locale } of VIEWS)
    await t.test(`${width} px wide, ${locale}`, async () => {
      const context = await browser.newContext({ viewport: { width, height }, locale })
      const page = await context.newPage()
      await page.goto(`${service.httpOrigin}/ui/sign-in?back=/ui/charts`)
      await page.locator('#key').fill(KEY)
      await page.locator('main button').click()
      await page.waitForURL(`${service.httpOrigin}/ui/charts`)
      const complained = complaints(page)
      await page.reload()
      await everyFrame(page, PANELS)
      const titles = await page.evaluate<string[]>(
        "[...document.querySelectorAll('iframe')].map(({ title }) => title)",
      )
      assert.deepEqual(titles, TITLES[locale])
      assert.deepEqual(await accessFaults(page), [])
      assert.equal(
        await page.evaluate('document.documentElement.scrollWidth <= document.documentElement.clientWidth'),
        true,
      )

      await page.locator('#within').selectOption('w')
      await page.locator('main form button').click()
      await page.waitForURL('**/ui/charts?*within=w')
      await page.locator('#within').selectOption('w/g')
      await page.locator('main form button').click()
      await page.waitForURL('**/ui/charts?*within=w%2Fg')
      await everyFrame(page, UNIT_PANELS)
      assert.ok(grafana.asked.some((url) => url.includes('var-workspace=w&var-group=g')))
      assert.deepEqual(await accessFaults(page), [])
      assert.deepEqual(complained, [])

      assert.equal(await page.evaluate(frameIn(stranger.origin)), 'frame-src')
      assert.deepEqual(stranger.asked, [])
      await context.close()
    })
})

/** They load when they come into sight. */
async function everyFrame(page: Page, panels: readonly { readonly panel: number }[]): Promise<void> {
  for (const [at, { panel }] of panels.entries()) {
    await page.locator('iframe').nth(at).scrollIntoViewIfNeeded()
    await page.frameLocator('iframe').nth(at).getByText(`Panel ${panel}.`).waitFor()
  }
}

/** A script that frames another page; its value is the directive that refused it. */
function frameIn(origin: string): string {
  return `new Promise((resolve) => {
    document.addEventListener('securitypolicyviolation', (event) => resolve(event.effectiveDirective))
    const frame = document.createElement('iframe')
    frame.src = ${JSON.stringify(origin)}
    frame.onload = () => setTimeout(() => resolve('it was let in'), 1000)
    document.body.append(frame)
  })`
}

interface Stub {
  readonly origin: string
  readonly asked: readonly string[]
}

/** Says which panel was asked for, as Grafana does. */
async function stubServer(t: TestContext): Promise<Stub> {
  const asked: string[] = []
  const server = createServer(({ url = '/' }, response) => {
    asked.push(url)
    const panel = new URL(url, 'http://localhost').searchParams.get('panelId')
    response
      .setHeader('content-type', 'text/html; charset=utf-8')
      .end(`<!doctype html><html lang="en"><title>Panel</title><p>Panel ${panel}.</p></html>`)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked }
}
