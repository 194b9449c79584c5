import type { Browser, BrowserContext, Page } from 'playwright-core'

/** As people see them: what differs is only looks, so three of all combinations show the rest. */
export const VIEWS = [
  { name: 'wide', width: 1280, height: 900, scheme: 'light', language: 'en', isSeenBefore: false },
  { name: 'phone', width: 390, height: 844, scheme: 'dark', language: 'zh-CN', isSeenBefore: false },
  // A page that is enlarged to 400 % has as much room (WCAG 1.4.10); for the rest axe has looked at it by then.
  { name: 'narrow', width: 320, height: 640, scheme: 'light', language: 'en', isSeenBefore: true },
] as const

/** As somebody with such a screen and language sees it. */
export function opened(
  browser: Browser,
  { width, height, scheme, language }: (typeof VIEWS)[number],
): Promise<BrowserContext> {
  return browser.newContext({ viewport: { width, height }, colorScheme: scheme, locale: language })
}

/** On a phone nothing may stand outside of the width. */
export async function overflows(page: Page): Promise<string[]> {
  const beyond = await page.evaluate<number>(
    'document.documentElement.scrollWidth - document.documentElement.clientWidth',
  )
  // What must be pushed sideways to be seen is not found.
  const hidden = await page.evaluate<number>(
    "[...document.querySelectorAll('aside nav a')].filter((link) => link.getBoundingClientRect().right > innerWidth).length",
  )
  return [
    ...(beyond > 0 ? [`${page.url()}: ${beyond} px beyond the width`] : []),
    ...(hidden > 0 ? [`${page.url()}: ${hidden} parts of the navigation out of sight`] : []),
  ]
}
