import { existsSync } from 'node:fs'
import { FOLDER } from './layout.ts'
import { thisMachine, whyNot } from './preconditions.ts'
import { say } from './progress.ts'
import { stopNode } from './stop-node.ts'

/** `make cluster-down`. A cluster that `make cluster` did not start is never touched. */
if (!existsSync(FOLDER) || whyNot(thisMachine()) !== undefined) {
  say('no cluster runs here')
} else {
  await stopNode()
  say('nothing of the cluster is left')
}
