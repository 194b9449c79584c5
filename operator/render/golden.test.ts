import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { stringify } from 'yaml'
import type { Installation } from './installation.ts'
import { ownerOf, ownLabels } from './metadata.ts'
import { migrationJob } from './migration-job.ts'
import { remarksOn, render } from './render.ts'
import type { RenderedObject } from './rendered-object.ts'
import type { RevisionRecord } from './revision-record.ts'
import { SAMPLES } from './sample-installations.ts'

/** All that an installation becomes, as people read it. UPDATE_GOLDEN=1 writes the files anew: read the difference. */
const FOLDER = join(import.meta.dirname, 'golden')

function text(installation: Installation): string {
  const { generator, revisions } = installation
  const { objects, unwanted, remarks } = render(installation)
  const jobs = revisions
    .filter(({ record }) => record.inputs.database.migrate)
    .map((revision) => migrationJob(generator, revision))
  const told = [...remarks, ...revisions.flatMap(({ record }) => remarksOn(record.inputs))]
  const comments = [
    ...unwanted.map(({ kind, name }) => `# not wanted: ${kind.kind} ${name}`),
    ...told.map(({ reason, message }) => `# ${reason}: ${message}`),
  ]
  const documents = [...objects, ...jobs].map((object) =>
    stringify(brief(object, installation), { lineWidth: 0, aliasDuplicateObjects: false }),
  )
  return `${comments.map((line) => `${line}\n`).join('')}---\n${documents.join('---\n')}`
}

/** Without what every object has, which is only looked at here: 15 lines each would hide the rest. */
function brief(object: RenderedObject, { generator }: Installation): object {
  const { labels, ownerReferences, namespace, ...metadata } = object.metadata
  const common = ownLabels(generator.metadata.name)
  assert.deepEqual(ownerReferences, [ownerOf(generator)])
  assert.equal(namespace, generator.metadata.namespace)
  const own = Object.entries(labels).filter(([label]) => common[label] === undefined)
  assert.equal(own.length + Object.keys(common).length, Object.keys(labels).length)
  return {
    ...object,
    ...(object.kind === 'ControllerRevision' ? withoutPods(object) : {}),
    metadata: { ...metadata, ...(own.length === 0 ? {} : { labels: Object.fromEntries(own) }) },
  }
}

/** The pods that are kept in a record stand in its Deployment and its ConfigMap. */
function withoutPods({ data }: RenderedObject): object {
  const { pods: _, ...rest } = data as RevisionRecord
  return { data: rest }
}

describe('rendered objects', () => {
  for (const [name, sample] of Object.entries(SAMPLES))
    test(`are those of the golden file ${name}.yaml`, () => {
      const file = join(FOLDER, `${name}.yaml`)
      const rendered = text(sample())
      if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(file, rendered)
      assert.equal(rendered, readFileSync(file, 'utf8'), `UPDATE_GOLDEN=1 rewrites ${name}.yaml`)
    })
})
