import { Command } from 'commander'
import { auditCommand } from './cli/audit.ts'
import { benchCommand } from './cli/bench.ts'
import { coordinationCommand } from './cli/coordination.ts'
import { dcCommand } from './cli/dc.ts'
import { doctorCommand } from './cli/doctor.ts'
import { idCommand } from './cli/id.ts'
import { keyCommand } from './cli/key.ts'
import { migrateCommand } from './cli/migrate.ts'
import { reportAndExit } from './cli/report-error.ts'
import { serveCommand } from './cli/serve.ts'
import { tagCommand } from './cli/tag.ts'
import { IdgenError } from './core/errors.ts'
import { VERSION } from './version.ts'

const program = new Command('idgen')
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
  .addCommand(doctorCommand())
  .addCommand(benchCommand())
  // Listed only: bin/idgen starts it before this program would (its libraries cost memory here).
  .addCommand(new Command('operator').description('Run the Kubernetes operator.').action(startedPastLauncher))

function startedPastLauncher(): never {
  throw new IdgenError(
    'IDGEN_REQUEST_INVALID',
    'The operator is a program of its own: start it with bin/idgen operator.',
  )
}

// `idgen doctor | head`: the reader has seen enough.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0)
  throw error
})

try {
  await program.parseAsync()
} catch (error) {
  reportAndExit(error)
}
