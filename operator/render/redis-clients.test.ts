import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Installation } from './installation.ts'
import { render } from './render.ts'
import { sampleRevision, settled } from './sample-installations.ts'

const ON = { resp: { enabled: true } }

/** What of each object has to do with Redis clients: appProtocol, or whether the port is let through. */
function ways(installation: Installation): Readonly<Record<string, unknown>> {
  const found = render(installation).objects.flatMap(({ kind, metadata, spec }) => {
    const { ports = [], ingress = [] } = (spec ?? {}) as Ports
    if (kind === 'Service') {
      const port = ports.find(({ name }) => name === 'resp')
      return port === undefined ? [] : [[metadata.name, `${port.port} ${port.appProtocol}`]]
    }
    const open = ingress.map(({ ports: allowed }) => allowed.some(({ port }) => port === 6399))
    return kind === 'NetworkPolicy' ? [[kind, open]] : []
  })
  return Object.fromEntries(found) as Readonly<Record<string, unknown>>
}

interface Ports {
  readonly ports?: readonly {
    readonly name: string
    readonly port: number
    readonly appProtocol: string
  }[]
  readonly ingress?: readonly { readonly ports: readonly { readonly port: number }[] }[]
}

const SERVICES = ['orders', 'orders-stable', 'orders-canary']

function everywhere(text: string): Readonly<Record<string, unknown>> {
  return {
    ...Object.fromEntries(SERVICES.map((name) => [name, text])),
    NetworkPolicy: [true, false],
  }
}

describe('the way for Redis clients', () => {
  test('is there only where the spec asks for it, and not on the Service of metrics', () => {
    assert.deepEqual(ways(settled()), { NetworkPolicy: [false, false] })
    assert.deepEqual(ways(settled({ resp: { enabled: false } })), { NetworkPolicy: [false, false] })
    assert.deepEqual(ways(settled(ON)), everywhere('6399 redis'))
  })

  test('is nothing to look into for a mesh where TLS is required', () => {
    assert.deepEqual(ways(settled({ ...ON, tls: { mode: 'Required' } })), everywhere('6399 tls'))
  })

  test('stays, switched off, until the last pod that serves them is not wanted any more', () => {
    const before = settled(ON)
    const off = settled()
    const wanted = (replicas: number): Installation => {
      const old = sampleRevision(before.generator, replicas)
      return { ...off, revisions: [...off.revisions, old], stableRevision: old.revision }
    }
    assert.deepEqual(ways(wanted(2)), everywhere('6399 redis'))
    assert.deepEqual(ways(wanted(0)), { NetworkPolicy: [false, false] })
  })
})
