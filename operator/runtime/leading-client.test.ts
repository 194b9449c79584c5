import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { LeadingClient } from './leading-client.ts'
import { ScriptedKube } from './scripted-kube.ts'

describe('leading client', () => {
  test('it reads always, and writes only while it leads', async () => {
    const kube = new ScriptedKube()
    let leads = true
    const client = new LeadingClient(kube, () => leads)
    await client.send({ method: 'GET', path: '/a' })
    await client.send({ method: 'PATCH', path: '/b' })
    leads = false
    await client.send({ method: 'GET', path: '/c' })
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE'] as const)
      await assert.rejects(client.send({ method, path: '/d' }), /not sent.*does not lead/)
    assert.deepEqual(
      kube.sent.map(({ path }) => path),
      ['/a', '/b', '/c'],
    )
  })
})
