import { Command } from 'commander'
import { IdgenError } from '../core/errors.ts'
import { VERSION } from '../version.ts'
import { auditCommand } from './audit.ts'
import { benchCommand } from './bench.ts'
import { certificateCommand } from './certificate.ts'
import { coordinationCommand } from './coordination.ts'
import { dcCommand } from './dc.ts'
import { doctorCommand } from './doctor.ts'
import { idCommand } from './id.ts'
import { keyCommand } from './key.ts'
import { migrateCommand } from './migrate.ts'
import { serveCommand } from './serve.ts'
import { tagCommand } from './tag.ts'

/** Every command of `idgen` with its options. */
export function idgenProgram(): Command {
  return (
    new Command('idgen')
      .description('Distributed IDs that are never handed out twice: segment, snowflake, UUID v7 and v4.')
      .version(VERSION)
      .showHelpAfterError('(idgen --help shows what there is)')
      .addCommand(serveCommand())
      .addCommand(migrateCommand())
      .addCommand(keyCommand())
      .addCommand(tagCommand())
      .addCommand(coordinationCommand())
      .addCommand(dcCommand())
      .addCommand(auditCommand())
      .addCommand(idCommand())
      .addCommand(certificateCommand())
      .addCommand(doctorCommand())
      .addCommand(benchCommand())
      // Listed only: bin/idgen starts it before this program would (its libraries cost memory here).
      .addCommand(
        new Command('operator').description('Run the Kubernetes operator.').action(startedPastLauncher),
      )
  )
}

function startedPastLauncher(): never {
  throw new IdgenError(
    'IDGEN_REQUEST_INVALID',
    'The operator is a program of its own: start it with bin/idgen operator.',
  )
}
