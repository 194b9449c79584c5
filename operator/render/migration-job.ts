import type { IdGenerator } from '../api/kinds.ts'
import { LABELS } from '../api/marks.ts'
import type { InstalledRevision } from './installation.ts'
import { MIGRATION, ownedObject } from './metadata.ts'
import { NAMES } from './names.ts'
import { KINDS } from './object-kinds.ts'
import { migrationTemplate } from './pod-template.ts'
import type { RenderedObject } from './rendered-object.ts'

/**
 * Brings the schema up to date before the first pod of a revision. To be created once the revision's ConfigMap is there,
 * and never applied over an old one: the template of a Job is immutable. A failed one is deleted and made again.
 */
export function migrationJob(generator: IdGenerator, revision: InstalledRevision): RenderedObject {
  return ownedObject(
    generator,
    KINDS.Job,
    NAMES.migrationJob(generator.metadata.name, revision.revision),
    {
      spec: {
        // The operator tries again itself and tells people why; a second counter of attempts would confuse both.
        backoffLimit: 0,
        activeDeadlineSeconds: DEADLINE_SECONDS,
        ttlSecondsAfterFinished: KEPT_SECONDS,
        template: migrationTemplate(generator, revision),
      },
    },
    { labels: { [LABELS.component]: MIGRATION, [LABELS.revision]: revision.revision } },
  )
}

/** Migrations only add and take milliseconds; what waits longer than this waits for a lock or a missing image. */
const DEADLINE_SECONDS = 600
/** Its log can be read for a day. */
const KEPT_SECONDS = 86_400
