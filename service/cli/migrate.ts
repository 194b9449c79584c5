import { Command } from 'commander'
import { migrate, pendingMigrations } from '../adapters/postgres/migrate.ts'
import { makePartitionsAhead } from '../adapters/postgres/partition-upkeep.ts'
import { configOption } from './config-option.ts'
import { withDatabase } from './with-database.ts'

export function migrateCommand(): Command {
  return new Command('migrate')
    .description(
      'Bring the database schema up to date, and make the partitions of the next months. Safe to run at any time and from several places at once.',
    )
    .addOption(configOption())
    .option('--status', 'only tell what would be done')
    .action(run)
}

async function run(options: { config?: string; status?: boolean }): Promise<void> {
  await withDatabase(options.config, async (database) => {
    const names =
      options.status === true ? await pendingMigrations(database.kysely) : await migrate(database.kysely)
    if (names.length === 0) process.stdout.write('The schema is up to date.\n')
    // For services whose user may change no tables: run every month, this makes what they cannot.
    const made = options.status === true ? [] : await makePartitionsAhead(database.kysely)
    for (const name of names)
      process.stdout.write(`${options.status === true ? 'pending' : 'applied'}  ${name}\n`)
    for (const name of made) process.stdout.write(`made     ${name}\n`)
  })
}
