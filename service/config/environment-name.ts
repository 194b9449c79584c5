/** What every variable of idgen begins with. */
export const ENVIRONMENT_PREFIX = 'IDGEN_'

/** Appended: the variable names a file that holds the value (secrets only). */
export const FILE_SUFFIX = '_FILE'

/** `server.http.port` → IDGEN_SERVER_HTTP_PORT, `auth.adminKey` → IDGEN_AUTH_ADMIN_KEY. */
export function environmentName(path: string): string {
  const words = path.replaceAll('.', '_').replaceAll(/[A-Z]/g, (capital) => `_${capital}`)
  return `${ENVIRONMENT_PREFIX}${words.toUpperCase()}`
}
