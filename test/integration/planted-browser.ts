import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import type { ServiceProcess } from '../fixtures/service-process.ts'
import { uiRoutes } from '../fixtures/ui-route-list.ts'
import type { PlantedSecrets } from './planted-secrets.ts'

export const PAGES = 'pages of the admin UI'

/** Somebody at the admin UI: keeps cookies, follows no redirect by itself, and all that it gets is looked through. */
class PlantedBrowser {
  readonly #planted: PlantedSecrets
  readonly #origin: string
  readonly #cookies = new Map<string, string>()

  constructor(planted: PlantedSecrets, origin: string) {
    this.#planted = planted
    this.#origin = origin
  }

  /** @returns the status: 303 leads in. */
  signIn(key: string): Promise<number> {
    return this.#ask('/ui/sign-in', new URLSearchParams({ key, back: '/ui/nodes' }))
  }

  see(path: string): Promise<number> {
    return this.#ask(path)
  }

  async #ask(path: string, form?: URLSearchParams): Promise<number> {
    const answer = await fetch(this.#origin + path, {
      redirect: 'manual',
      headers: {
        accept: 'text/html',
        cookie: [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; '),
      },
      ...(form !== undefined && { method: 'POST', body: form }),
    })
    for (const one of answer.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(one) ?? []
      this.#cookies.set(name, value)
    }
    this.#planted.came(PAGES, `${[...answer.headers].join('\n')}\n${await answer.text()}`)
    return answer.status
  }
}

/** How the process is, on both ports, as a program and as a browser get it. */
export async function seeStatus(
  planted: PlantedSecrets,
  service: ServiceProcess,
  key: string,
): Promise<void> {
  for (const accept of ['application/json', 'text/html'])
    for (const origin of [service.metricsOrigin, service.httpOrigin]) {
      const headers = { accept, ...(origin === service.httpOrigin && { authorization: `Bearer ${key}` }) }
      const answer = await fetch(`${origin}/status`, { headers })
      planted.came('/status', `${[...answer.headers].join('\n')}\n${await answer.text()}`)
      // Its key cannot be looked up while the database is away.
      assert.ok(answer.status === 200 || (origin === service.httpOrigin && answer.status >= 500))
    }
}

/** Every page of the admin UI: for a stranger, after a wrong key, and signed in. @returns who is signed in */
export async function seePages(
  t: TestContext,
  planted: PlantedSecrets,
  { origin, key, keyId }: { readonly origin: string; readonly key: string; readonly keyId: string },
): Promise<PlantedBrowser> {
  const browser = new PlantedBrowser(planted, origin)
  const names = { workspace: 'w', group: 'g', tag: 't', key: keyId }
  const pages = (await uiRoutes(t))
    .filter((route) => route.startsWith('GET '))
    .map((route) =>
      Object.entries(names)
        .reduce((path, [name, value]) => path.replace(`:${name}`, value), route.slice('GET '.length))
        .replace('*', 'no/such/page')
        // Of no tags it leads to where they are chosen.
        .replace(/\/tags\/batch$/, '/tags/batch?tag=w/g/t'),
    )
  assert.ok(pages.length > 20, `${pages.length}`)
  assert.equal(await browser.see('/ui/keys'), 303, 'to where one signs in')
  assert.equal(await browser.see('/ui/sign-in'), 200)
  assert.equal(await browser.signIn(planted.plant('a wrong key at the sign-in')), 401)
  assert.equal(await browser.signIn(key), 303)
  for (const page of pages) {
    const status = await browser.see(page)
    assert.ok(status === 200 || (status >= 400 && status < 500), `${page}: ${status}`)
  }
  return browser
}
