// Runs beside others: no time is measured here.
import assert from 'node:assert/strict'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Page } from 'playwright-core'
import { accessFaults, complaints, startChromium, withoutChromium } from '../fixtures/chromium.ts'
import { startService } from '../fixtures/service-process.ts'
import { ids, KEY, makeTag, post } from './embedded-service.ts'
import { testDatabase } from './postgres-server.ts'
import { inUse } from './ui-in-use.ts'
import { signedIn } from './ui-signed-in.ts'
import { UI_STATES } from './ui-states.ts'
import { opened, overflows, VIEWS } from './ui-views.ts'

/** As long as a name may be. */
const LONG = 'n'.repeat(63)
/** Written from right to left, with a sign that turns what follows it, and as long as a name for people may be. */
const FOREIGN = `معرفات \u202E🧾 ${'طلبات'.repeat(30)}`.slice(0, 200)

/** Every page, by its path, with the name of its picture in docs/pictures, where it has one. */
const PAGES: readonly (readonly [path: string, picture?: string])[] = [
  ['/ui', 'overview'],
  ['/ui/charts'],
  ['/ui/charts?range=1h'],
  ['/ui/charts?range=24h'],
  ['/ui/tags?within=w', 'tags'],
  ['/ui/tags/new'],
  ['/ui/tags/new?within=w/g&tag=invoices&prefix=INV-&reset=day&separator=-&width=6', 'new-tag'],
  ['/ui/tags/w/g/orders', 'tag'],
  ['/ui/tags/w/g/orders/edit'],
  ['/ui/tags/w/g/orders/delete'],
  ['/ui/tags/batch?tag=w/g/orders'],
  ['/ui/tags/new-batch'],
  ['/ui/ids?id=192229159643119659'],
  ['/ui/workspaces'],
  ['/ui/workspaces/w'],
  ['/ui/workspaces/w/groups/g'],
  ['/ui/workspaces/w/delete'],
  ['/ui/events'],
  ['/ui/nodes'],
  ['/ui/keys', 'keys'],
  ['/ui/audit'],
  ['/ui/audit?workspace=w', 'audit'],
  [`/ui/tags?within=${LONG}`],
  [`/ui/tags/${LONG}/${LONG}/${LONG}`],
  [`/ui/tags/${LONG}/${LONG}/${LONG}/edit`],
  [`/ui/tags/${LONG}/${LONG}/${LONG}/delete`],
  [`/ui/tags/batch?tag=${LONG}/${LONG}/${LONG}`],
  [`/ui/workspaces/${LONG}`],
  [`/ui/workspaces/${LONG}/groups/${LONG}`],
  [`/ui/workspaces/${LONG}/groups/${LONG}/delete`],
]

/** Where to put pictures of the pages; docs/pictures to renew those of the documents. */
const PICTURES = process.env['UI_PICTURES']

test('every page works in a real browser: wide, on a phone, for a screen reader', {
  skip: withoutChromium(),
}, async (t) => {
  const database = await testDatabase()
  t.after(() => database.drop())
  const service = await startService({
    IDGEN_DATABASE_URL: database.url,
    IDGEN_AUTH_ADMIN_KEY: KEY,
    // Before the first tag there is nothing to see of it.
    IDGEN_CAPACITY_CHECK_EVERY: '1s',
  })
  t.after(() => service.stop('SIGTERM'))
  await makeTag(service, 'orders', { algorithm: 'segment', step: { base: 1000 } })
  await ids(service, 'orders', 50)
  await post(service, '/v1/workspaces', { name: LONG, displayName: FOREIGN })
  await post(service, `/v1/workspaces/${LONG}/groups`, { name: LONG, displayName: FOREIGN })
  const long = { name: LONG, displayName: FOREIGN, algorithm: 'segment' }
  assert.equal((await post(service, `/v1/workspaces/${LONG}/groups/${LONG}/tags`, long)).status, 201)
  const key = { name: 'orders of the shop', scopes: ['issue'] }
  assert.equal((await post(service, '/v1/keys', key)).status, 201)
  const browser = await startChromium(t)
  const endUse = PICTURES === undefined ? undefined : await inUse(service)

  for (const view of VIEWS) {
    const { name, scheme, language, isSeenBefore } = view
    await t.test(`every page is usable: ${name}, ${scheme}, ${language}`, async () => {
      const context = await opened(browser, view)
      const page = await signedIn(context, service)
      const complained = complaints(page)
      const faults: string[] = []
      for (const [path, picture] of PAGES) {
        await page.goto(service.httpOrigin + path)
        faults.push(...(isSeenBefore ? [] : await accessFaults(page)), ...(await overflows(page)))
        if (picture !== undefined) await photograph(page, `ui-${picture}-${name}`)
      }
      assert.deepEqual(faults, [])
      assert.deepEqual(complained, [])
      await context.close()
    })
  }

  for (const view of VIEWS) {
    const { name, scheme, isSeenBefore } = view
    await t.test(`what is refused, and what was done, is as usable: ${name}, ${scheme}`, async () => {
      const context = await opened(browser, view)
      const page = await signedIn(context, service)
      const complained = complaints(page)
      const faults: string[] = []
      for (const { name: state, reach, picture } of UI_STATES) {
        await reach(page, service.httpOrigin, name)
        if (picture !== undefined) await photograph(page, `ui-${picture}-${name}`)
        const found = [...(isSeenBefore ? [] : await accessFaults(page)), ...(await overflows(page))]
        faults.push(...found.map((fault) => `${state}: ${fault}`))
      }
      assert.deepEqual(faults, [])
      assert.deepEqual(
        complained.filter((one) => !REFUSAL.test(one)),
        [],
      )
      await context.close()
    })
  }
  await endUse?.()
})

/** Chromium says so of each page that comes with such a status: those that were refused have one. */
const REFUSAL = /Failed to load resource: the server responded with a status of 4\d\d \(/

async function photograph(page: Page, name: string): Promise<void> {
  if (PICTURES === undefined) return
  mkdirSync(PICTURES, { recursive: true })
  await page.screenshot({ path: join(PICTURES, `${name}.png`), fullPage: true, animations: 'disabled' })
}
