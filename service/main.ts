import { idgenProgram } from './cli/program.ts'
import { reportAndExit } from './cli/report-error.ts'

// Diagnostic reports (--report-on-fatalerror and others) hold the environment, which is where secrets may stand.
process.report.excludeEnv = true

// `idgen doctor | head`: the reader has seen enough.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0)
  throw error
})

try {
  await idgenProgram().parseAsync()
} catch (error) {
  reportAndExit(error)
}
