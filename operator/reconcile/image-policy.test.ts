import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { imageAllowed } from './image-policy.ts'

describe('image policy', () => {
  const rows: readonly [image: string, allowed: readonly string[], expected: boolean][] = [
    ['docker.io/evil:1', [], true],
    ['ghcr.io/acme/idgen:1.2', ['ghcr.io/acme/'], true],
    ['ghcr.io/acme/idgen:1.2', ['ghcr.io/acme/idgen'], true],
    ['ghcr.io/acme/idgen@sha256:00', ['ghcr.io/acme/idgen'], true],
    ['ghcr.io/acme/idgen', ['ghcr.io/acme/idgen'], true],
    ['ghcr.io/acme/idgen-other:1.2', ['ghcr.io/acme/idgen'], false],
    ['ghcr.io/acme/idgen/x:1.2', ['ghcr.io/acme/idgen'], false],
    ['ghcr.io/acme-evil/idgen:1.2', ['ghcr.io/acme/'], false],
    ['evil/ghcr.io/acme/idgen:1.2', ['ghcr.io/acme/'], false],
    ['ghcr.io/acme/idgen:1.2', ['ghcr.io/acme/idgen:1.2'], true],
    ['ghcr.io/acme/idgen:1.20', ['ghcr.io/acme/idgen:1.2'], false],
    ['localhost:5000/idgen:dev', ['localhost'], false],
    ['localhost:5000/idgen:dev', ['ghcr.io/acme/', 'localhost:5000/idgen'], true],
  ]
  for (const [image, allowed, expected] of rows)
    test(`${image} is ${expected ? 'allowed' : 'refused'} by ${allowed.join(', ') || 'an empty list'}`, () => {
      assert.equal(imageAllowed(image, allowed), expected)
    })
})
