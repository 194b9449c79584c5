// Runs beside others: no time is measured here.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { percent } from '../../service/ui/number-text.ts'
import { accessFaults, complaints, startChromium, withoutChromium } from '../fixtures/chromium.ts'
import { type ServiceProcess, startService } from '../fixtures/service-process.ts'
import { until } from '../fixtures/until.ts'
import { HEADERS, ids, KEY, makeTag } from './embedded-service.ts'
import { testDatabase } from './postgres-server.ts'
import { linkFromElsewhere } from './ui-link-from-elsewhere.ts'
import { pressedTwice } from './ui-pressed-twice.ts'
import { signedIn } from './ui-signed-in.ts'
import { filteredTags } from './ui-tag-filter.ts'
import { opened, overflows, VIEWS } from './ui-views.ts'

test('people do their work in a real browser: with scripts and without, by keyboard alone', {
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
  const browser = await startChromium(t)

  await t.test(
    'charts of another time are a link away, without scripts too, and renew themselves',
    async () => {
      for (const javaScriptEnabled of [true, false]) {
        const context = await browser.newContext({ locale: 'en', javaScriptEnabled })
        const page = await signedIn(context, service)
        const complained = complaints(page)
        await page.getByRole('link', { name: 'Charts', exact: true }).click()
        await page.getByRole('link', { name: '6 h', exact: true }).click()
        await page.getByRole('heading', { name: 'The last six hours' }).waitFor()
        await page.getByText('has no figures of this time').waitFor()
        assert.equal(await page.getByRole('img', { name: 'data centre 0' }).count(), 5)
        if (javaScriptEnabled) {
          await page.getByRole('link', { name: '5 min', exact: true }).click()
          await page.getByRole('heading', { name: 'The last five minutes' }).waitFor()
          const told = page.locator('#figures-title ~ ul li').first()
          const before = await told.textContent()
          await told.filter({ hasNotText: before ?? '' }).waitFor()
          assert.match((await told.textContent()) ?? '', /^Of the process .*, data centre 0 alone/)
        }
        assert.deepEqual(complained, [])
        await context.close()
      }
    },
  )

  await t.test('the cards say what /metrics says, and renew themselves', async () => {
    const context = await browser.newContext({ locale: 'en' })
    const page = await signedIn(context, service)
    const complained = complaints(page)
    const card = page.locator('[data-metric=idgen_ids_issued_total] dd').first()
    const before = await card.textContent()
    await ids(service, 'orders', 1234)
    await card.getByText('1,284').waitFor()
    assert.equal(before, '50')
    const metrics = await (await fetch(`${service.metricsOrigin}/metrics`)).text()
    const shownOf = async (name: string): Promise<string> =>
      (await page.locator(`[data-metric=${name}] dd`).first().textContent()) ?? ''
    for (const name of [
      'idgen_ids_issued_total',
      'idgen_generate_requests_total',
      'idgen_generate_failures_total',
      'idgen_tags_in_memory',
      'idgen_tags_degraded',
    ])
      assert.equal(Number((await shownOf(name)).replaceAll(',', '')), sumOf(metrics, name), name)
    assert.deepEqual(complained, [])
    await context.close()
  })

  await t.test('a tag that is degraded, and one that a BizTag declares, are as usable', async () => {
    const english = await browser.newContext({ locale: 'en' })
    const watching = await signedIn(english, service)
    const complainedThere = complaints(watching)
    await watching.locator('#troubles').getByText('Everything works').waitFor()
    // A thousand numbers are all that there are, so what comes after them is a snowflake.
    const space = { startAt: 2 ** 53 - 1000, cellSize: 1000, dcCount: 1 }
    const step = { base: 1000, min: 1000, max: 1000 }
    await makeTag(service, 'spent', { chain: ['segment', 'snowflake'], step, space })
    await ids(service, 'spent', 1000)
    await ids(service, 'spent')
    // An open page is told, in the place of what it said before.
    await watching.locator('#troubles').getByText('w/g/spent').waitFor()
    assert.equal(await watching.locator('.notice').count(), 1)
    await watching.getByRole('link', { name: 'Stop renewing' }).click()
    await watching.getByRole('link', { name: 'Renew by itself again' }).waitFor()
    assert.equal(await watching.locator('[hx-trigger]').count(), 0)
    assert.deepEqual(complainedThere, [])
    await english.close()
    await declare(service, 'declared')
    await until('the degradation is in the audit log', async () => {
      const found = await fetch(`${service.httpOrigin}/v1/audit?action=algorithm.degrade`, {
        headers: HEADERS,
      })
      return (await found.text()).includes('w/g/spent')
    })
    for (const view of VIEWS) {
      const context = await opened(browser, view)
      const page = await signedIn(context, service)
      const complained = complaints(page)
      const faults: string[] = []
      const words = view.language === 'en' ? DEGRADED_OR_DECLARED.en : DEGRADED_OR_DECLARED.zh
      for (const [path, said] of Object.entries(words)) {
        await page.goto(service.httpOrigin + path)
        assert.match((await page.locator('main').textContent()) ?? '', said, path)
        faults.push(...(view.isSeenBefore ? [] : await accessFaults(page)), ...(await overflows(page)))
      }
      assert.deepEqual(faults, [])
      assert.deepEqual(complained, [])
      await context.close()
    }
  })

  await t.test('once a tag is used up, the card of the fullest one says what /metrics says', async () => {
    const name = 'idgen_range_used_ratio_max'
    let used = 0
    await until('a check has seen it', async () => {
      used = sumOf(await (await fetch(`${service.metricsOrigin}/metrics`)).text(), name)
      return used > 0.5
    })
    const context = await browser.newContext({ locale: 'en' })
    const page = await signedIn(context, service)
    const shown = await page.locator(`[data-metric=${name}] dd`).first().textContent()
    assert.equal(shown, percent(used, 'en'))
    await context.close()
  })

  await t.test('a new tag and its first ID take a minute: no page is left for it', async () => {
    const context = await browser.newContext({ locale: 'en' })
    const page = await signedIn(context, service)
    const complained = complaints(page)
    await page.getByRole('link', { name: 'Tags', exact: true }).click()
    await page.getByRole('link', { name: 'New tag' }).click()
    await page.getByLabel('Workspace').fill('w')
    await page.getByLabel('Group').fill('g')
    await page.getByLabel('Name', { exact: true }).fill('invoices')
    await page.getByLabel('At first').fill('50')
    await page.getByLabel('Least').fill('100')
    // Said while it is typed: the least step is above.
    await page.getByText('must not exceed base (50)').waitFor()
    await page.getByLabel('Least').fill('50')
    await page.getByText('takes 50 numbers at a time').waitFor()
    await page.getByRole('button', { name: 'Make the tag' }).click()
    await page.waitForURL('**/ui/tags/w/g/invoices')
    await page.getByRole('button', { name: 'Get IDs' }).click()
    await page.getByText('Given by segment').waitFor()
    assert.equal(await page.locator('#issued li').first().textContent(), '1')
    await page.getByText('numbers in memory: ').waitFor()
    await page.getByRole('link', { name: 'Tags', exact: true }).first().click()
    await page.getByLabel('Search by name').pressSequentially('invo')
    await page.getByRole('heading', { name: '1 tag', exact: true }).waitFor()
    assert.deepEqual(await accessFaults(page), [])
    assert.deepEqual(complained, [])
    await context.close()
  })

  await t.test('a tag with a prefix and a date is tried out before it is made for ever', async () => {
    const context = await browser.newContext({ locale: 'en' })
    const page = await signedIn(context, service)
    const complained = complaints(page)
    await page.goto(`${service.httpOrigin}/ui/tags/new?within=w/g&tag=receipts`)
    await page.getByText('Format of IDs (fixed for ever)').click()
    await page.getByLabel('Prefix').fill('REC-')
    await page.getByLabel('Begin anew, with a date').selectOption('Every day')
    await page.getByText('is needed with reset').waitFor()
    await page.getByLabel('Width').fill('6')
    await page.getByLabel('Separator').fill('-')
    const example = page.locator('[data-examples] li').first()
    await example.getByText(RECEIPT).waitFor()
    assert.deepEqual(await accessFaults(page), [])
    await page.getByRole('button', { name: 'Make the tag' }).click()
    await page.waitForURL('**/ui/tags/w/g/receipts')
    await page.getByRole('button', { name: 'Get IDs' }).click()
    await page.getByText('Given by segment').waitFor()
    assert.match((await page.locator('#issued li').first().textContent()) ?? '', RECEIPT)
    assert.deepEqual(await accessFaults(page), [])
    await page.goto(`${service.httpOrigin}/ui/tags/w/g/receipts/edit`)
    await page.getByText('REC-', { exact: true }).waitFor()
    assert.deepEqual(await accessFaults(page), [])
    assert.deepEqual(complained, [])
    await context.close()
  })

  await t.test('a button that is pressed twice does its work once, and says so', () =>
    pressedTwice(browser, service),
  )

  await t.test('tags are filtered by workspace and then by its group, and the filter stays', () =>
    filteredTags(browser, service),
  )

  await t.test('signing in and choosing works without scripts', async () => {
    const context = await browser.newContext({ javaScriptEnabled: false, locale: 'en' })
    const page = await signedIn(context, service)
    assert.equal(new URL(page.url()).pathname, '/ui')
    await page.getByRole('button', { name: '中文' }).click()
    assert.equal(await page.locator('h1').textContent(), '总览')
    await page.getByRole('button', { name: '退出登录' }).click()
    assert.equal(new URL(page.url()).pathname, '/ui/sign-in')
    await page.goto(`${service.httpOrigin}/ui`)
    assert.equal(new URL(page.url()).pathname, '/ui/sign-in')
    await context.close()
  })

  await t.test('a link on another site leads to its page, and signs nobody out', () =>
    linkFromElsewhere(browser, service),
  )

  await t.test('the keyboard alone signs in, and a wrong key is said where it was typed', async () => {
    const context = await browser.newContext({ locale: 'en' })
    const page = await context.newPage()
    await page.goto(`${service.httpOrigin}/ui`)
    assert.deepEqual(await accessFaults(page), [])
    // The field has the focus from the start.
    await page.keyboard.type('wrong')
    await page.keyboard.press('Enter')
    await page.getByRole('alert').waitFor()
    assert.deepEqual(await accessFaults(page), [])
    await page.keyboard.type(KEY)
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: 'Overview' }).waitFor()
    await page.keyboard.press('Tab')
    assert.equal(await page.evaluate('document.activeElement.textContent'), 'Skip to the content')
    await context.close()
  })
})

/** The first of a day. */
const RECEIPT = /^REC-\d{8}-000001$/

/** Pages of the two, with what tells of it. */
const DEGRADED_OR_DECLARED = {
  en: {
    '/ui': /w\/g\/spent.*snowflake/,
    '/ui/tags/w/g/spent': /degraded: snowflake serves/,
    '/ui/events': /spent/,
    '/ui/tags/w/g/declared': /The BizTag n\/declared in Kubernetes declares this tag/,
    '/ui/tags/w/g/declared/edit': /declared/,
  },
  zh: {
    '/ui': /w\/g\/spent.*snowflake/,
    '/ui/tags/w/g/spent': /已降级：由 snowflake 发号/,
    '/ui/events': /spent/,
    '/ui/tags/w/g/declared': /由 Kubernetes 中的 BizTag n\/declared 声明/,
    '/ui/tags/w/g/declared/edit': /declared/,
  },
} as const

/** As the operator does for an object. */
async function declare(service: ServiceProcess, name: string): Promise<void> {
  const owner = { cluster: 'c', namespace: 'n', name, uid: 'u', createdAt: '2026-01-01T00:00:00.000Z' }
  const answer = await fetch(`${service.httpOrigin}/v1/workspaces/w/groups/g/tags/${name}/declaration`, {
    method: 'PUT',
    headers: HEADERS,
    body: JSON.stringify({ owner, generation: 1, spec: { algorithm: 'segment' } }),
  })
  assert.equal(answer.status, 201)
}

/** Over all labels. */
function sumOf(metrics: string, name: string): number {
  const lines = [...metrics.matchAll(new RegExp(`^${name}(?:\\{.*\\})? (.+)$`, 'gm'))]
  return lines.reduce((sum, [, value]) => sum + Number(value), 0)
}
