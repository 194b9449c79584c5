import type { Locator, Page } from 'playwright-core'
import { KEY } from './embedded-service.ts'

export interface UiState {
  readonly name: string
  /** Of its picture in docs/pictures, where it has one. */
  readonly picture?: string
  /** Leads to it from anywhere, signed in; `own`: a text no other view uses, for what is made. */
  readonly reach: (page: Page, origin: string, own: string) => Promise<void>
}

/** A page of its own for each refusal that an address can bring about. */
const REFUSED: readonly string[] = [
  '/ui/no/such/page',
  '/ui/tags/w/g/missing',
  '/ui/tags?after=x',
  '/ui/tags?q=nothing-has-this-name',
  '/ui/ids?id=nonsense',
  '/ui/audit?from=2026-02-99',
  '/ui/audit?actor=nobody',
  '/ui/keys/aaaaaaaaaaaa',
  '/ui/charts?range=30d',
]

/** What a page looks like after a form was sent, refused or done: pages that no address leads to. */
export const UI_STATES: readonly UiState[] = [
  ...REFUSED.map((path) => ({
    name: path,
    reach: async (page: Page, origin: string) => void (await page.goto(origin + path)),
  })),
  {
    name: 'a new tag that is refused, each field named',
    reach: async (page, origin) => {
      await newTag(page, origin, ['w', 'g', 'A b'])
      await page.locator('#base').fill('ten')
      await submit(page)
    },
  },
  {
    name: 'a new tag whose group is not there',
    reach: async (page, origin) => {
      await newTag(page, origin, ['w', 'nowhere', 't'])
      await submit(page)
    },
  },
  {
    name: 'a batch that would change some, and one is not there',
    picture: 'batch-preview',
    reach: async (page, origin) => {
      await page.goto(`${origin}/ui/tags/batch?tag=w/g/orders&tag=w/g/missing`)
      await page.locator('#base').fill('2000')
      await leave(page, page.locator('#step-title ~ form button'))
    },
  },
  {
    name: 'lines of new tags, good and bad, made',
    picture: 'batch-results',
    reach: async (page, origin, own) => {
      await page.goto(`${origin}/ui/tags/new-batch`)
      await page.locator('#lines').fill(`w/g/batch-${own}\nw/g/x fast\nx`)
      await submit(page)
      await leave(page, page.locator('#rows-title ~ form button'))
    },
  },
  {
    name: 'lines of groups that are not there, looked at, each with a tick',
    reach: async (page, origin, own) => {
      await page.goto(`${origin}/ui/tags/new-batch`)
      await page.locator('#lines').fill(`w/g/home-${own}\nw/${own}/t\nnew-${own}/g/t`)
      await submit(page)
    },
  },
  {
    name: 'one of those groups made with its workspace, and its tag in it',
    reach: async (page, origin, own) => {
      await page.goto(`${origin}/ui/tags/new-batch`)
      await page.locator('#lines').fill(`w/none-${own}/t\nmade-${own}/g/t`)
      await submit(page)
      await page.locator(`input[name=make][value^="made-${own} "]`).check()
      await leave(page, page.locator('#rows-title ~ form button'))
    },
  },
  {
    name: 'the second page of a list',
    reach: async (page, origin, own) => {
      await page.goto(`${origin}/ui/tags/new-batch`)
      const lines = Array.from({ length: 60 }, (_, at) => `w/g/long-${own}-${at}`)
      await page.locator('#lines').fill(lines.join('\n'))
      await submit(page)
      await leave(page, page.locator('#rows-title ~ form button'))
      await page.goto(`${origin}/ui/tags?q=long-${own}`)
      await leave(page, page.locator('a[rel=next]'))
    },
  },
  {
    name: 'a deletion that was not confirmed',
    reach: async (page, origin) => {
      await page.goto(`${origin}/ui/tags/w/g/orders/delete`)
      await page.locator('#confirm').fill('orders')
      await submit(page)
    },
  },
  {
    name: 'a workspace that cannot be deleted',
    reach: async (page, origin) => {
      await page.goto(`${origin}/ui/workspaces/w/delete`)
      await page.locator('#confirm').fill('w')
      await submit(page)
    },
  },
  {
    name: 'an API key that is refused',
    reach: async (page, origin) => {
      await page.goto(`${origin}/ui/keys`)
      await page.locator('#name').fill('x')
      await page.locator('#within').fill('a/b/c/d')
      await submit(page)
    },
  },
  {
    name: 'a new API key, shown once',
    reach: async (page, origin, own) => {
      await page.goto(`${origin}/ui/keys`)
      await page.locator('#name').fill(`key of ${own}`)
      await submit(page)
    },
  },
  {
    name: 'an API key by itself',
    reach: async (page, origin, own) => {
      await page.goto(`${origin}/ui/keys`)
      await leave(page, page.getByRole('link', { name: `key of ${own}` }))
    },
  },
  {
    name: 'more IDs than the page gives',
    reach: async (page, origin) => {
      await page.goto(`${origin}/ui/tags/w/g/orders`)
      await page.locator('#count').fill('99')
      await page.locator('#try-title ~ form button').first().click()
      await page.locator('#issued [role=alert]').waitFor()
    },
  },
  {
    name: 'the detail of a record of the audit log',
    reach: async (page, origin) => {
      await page.goto(`${origin}/ui/audit?action=tag.create`)
      await page.locator('details').first().locator('summary').click()
    },
  },
  {
    name: 'a wrong key',
    reach: async (page, origin) => {
      await page.goto(`${origin}/ui/sign-in`)
      await page.locator('#key').fill(`${KEY}x`)
      await submit(page)
    },
  },
]

async function newTag(page: Page, origin: string, [workspace, group, tag]: readonly string[]): Promise<void> {
  await page.goto(`${origin}/ui/tags/new`)
  await page.locator('#workspace').fill(workspace ?? '')
  await page.locator('#group').fill(group ?? '')
  await page.locator('#tag').fill(tag ?? '')
}

/** The form of the page; the first button of it is the one that the Enter key means. */
function submit(page: Page): Promise<void> {
  return leave(page, page.locator('main form[method=post]').first().locator('button').first())
}

/** Presses what leads to another page, and waits for that one: a click alone need not. */
async function leave(page: Page, what: Locator): Promise<void> {
  const loaded = page.waitForEvent('load')
  await what.click()
  await loaded
}
