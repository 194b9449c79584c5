import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, test } from 'node:test'
import { CONFIG_FILE } from '../../operator/render/config-file.ts'
import { migrationJob } from '../../operator/render/migration-job.ts'
import { render } from '../../operator/render/render.ts'
import type { RenderedObject } from '../../operator/render/rendered-object.ts'
import { SAMPLES } from '../../operator/render/sample-installations.ts'
import { SECRETS_FOLDER } from '../../operator/render/secret-files.ts'
import type { Config } from '../../service/config/keys.ts'
import { resolveConfig } from '../../service/config/load.ts'
import { temporaryFolder } from '../fixtures/temporary-folder.ts'

interface PodSpec {
  readonly containers: readonly [
    { readonly env: readonly { readonly name: string; readonly value?: string }[] },
  ]
  readonly volumes: readonly {
    readonly projected?: {
      readonly sources: readonly {
        readonly secret: { readonly items: readonly { readonly path: string }[] }
      }[]
    }
  }[]
}

/** What people write into Secrets. */
const TEXTS: Readonly<Record<string, string>> = {
  'database-url': 'postgres://idgen:secret@db:5432/idgen',
  'redis-endpoints': 'redis://:secret@cache:6379',
  'admin-key': 'a-key-of-16-characters-or-more',
}

const folder = temporaryFolder('idgen-rendered-')

/** The configuration that the service makes of a pod's file, variables and Secrets. */
function configOf(pod: PodSpec, file: string): Config {
  const root = mkdtempSync(join(folder, 'pod-'))
  const items = pod.volumes
    .flatMap(({ projected }) => projected?.sources ?? [])
    .flatMap(({ secret }) => secret.items)
  for (const { path } of items) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), TEXTS[path] ?? 'secret')
  }
  const environment = Object.fromEntries(
    pod.containers[0].env.map(({ name, value = 'from-the-pod' }) => [
      name,
      value.replace(SECRETS_FOLDER, root).replace('$(POD_IP)', '10.0.0.7'),
    ]),
  )
  return resolveConfig({ file: { name: CONFIG_FILE, text: file }, environment }).config
}

describe('the service takes what is rendered for it', () => {
  for (const [name, sample] of Object.entries(SAMPLES))
    test(`without a fault: ${name}, its pods and its migration`, () => {
      const installation = sample()
      const { objects } = render(installation)
      for (const revision of installation.revisions) {
        const of = (kind: string): RenderedObject => {
          const found = objects.find(
            (object) => object.kind === kind && object.metadata.name.endsWith(revision.revision),
          )
          assert.ok(found, `${kind} of ${revision.revision}`)
          return found
        }
        const { [CONFIG_FILE]: file = '' } = of('ConfigMap')['data'] as Readonly<Record<string, string>>
        for (const object of [of('Deployment'), migrationJob(installation.generator, revision)]) {
          const { template } = object['spec'] as { readonly template: { readonly spec: PodSpec } }
          // A fault, one text with all of them, fails the test.
          const config = configOf(template.spec, file)
          assert.equal(config.database.url, TEXTS['database-url'])
          assert.equal(config.datacenter.id, installation.generator.spec.datacenter)
        }
      }
    })
})
