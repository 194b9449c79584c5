import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DEV_FOLDER } from './places.ts'

/** The file that holds the admin key of the development environment. */
export function adminKeyFile(folder: string = DEV_FOLDER): string {
  return join(folder, 'admin-key')
}

/** Made once for a checkout: a stop and start keeps the key, and no checkout has the key of another. */
export function adminKey(folder: string = DEV_FOLDER): string {
  const file = adminKeyFile(folder)
  if (existsSync(file)) return readFileSync(file, 'utf8')
  mkdirSync(folder, { recursive: true })
  const key = `dev-${randomBytes(24).toString('base64url')}`
  writeFileSync(file, key, { mode: 0o600 })
  return key
}
