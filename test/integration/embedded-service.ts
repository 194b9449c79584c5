import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { type ServiceProcess, startService } from '../fixtures/service-process.ts'

/** The administrator of the services that these tests start. */
export const KEY = 'integration-admin-key'
export const HEADERS = { authorization: `Bearer ${KEY}`, 'content-type': 'application/json' }

interface Answer {
  readonly ids?: string[]
  readonly code?: string
}

/** A service on the embedded database in `folder`; it is stopped after the test. */
export async function embedded(
  t: TestContext,
  folder: string,
  args: readonly string[] = [],
): Promise<ServiceProcess> {
  const service = await startService({ IDGEN_DATA_DIR: folder, IDGEN_AUTH_ADMIN_KEY: KEY }, args)
  t.after(() => service.stop('SIGTERM'))
  return service
}

export async function post(
  service: ServiceProcess,
  path: string,
  body: object,
): Promise<{ status: number; body: Answer }> {
  const answer = await fetch(`${service.httpOrigin}${path}`, {
    method: 'POST',
    headers: HEADERS,
    body: JSON.stringify(body),
  })
  return { status: answer.status, body: (await answer.json()) as Answer }
}

export async function makeTag(service: ServiceProcess, name: string, settings: object): Promise<void> {
  await post(service, '/v1/workspaces', { name: 'w' })
  await post(service, '/v1/workspaces/w/groups', { name: 'g' })
  assert.equal((await post(service, '/v1/workspaces/w/groups/g/tags', { name, ...settings })).status, 201)
}

export async function ids(service: ServiceProcess, tag: string, count = 1): Promise<string[]> {
  const answer = await post(service, `/v1/workspaces/w/groups/g/tags/${tag}/ids`, { count })
  assert.equal(answer.status, 200, JSON.stringify(answer.body))
  return answer.body.ids ?? []
}
