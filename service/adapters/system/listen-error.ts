import { IdgenError } from '../../core/errors.ts'

/** What listening on a port threw, with the configuration key to change. */
export function fromListenError(thrown: unknown, key: string, host: string, port: number): IdgenError {
  const code = typeof thrown === 'object' && thrown !== null && 'code' in thrown ? thrown.code : undefined
  if (code === 'EADDRINUSE')
    return new IdgenError(
      'IDGEN_PORT_IN_USE',
      `${host}:${port} is taken by another program; set ${key} to a free port.`,
      {
        cause: thrown,
      },
    )
  if (code === 'EACCES' || code === 'EADDRNOTAVAIL')
    return new IdgenError(
      'IDGEN_PORT_IN_USE',
      `${host}:${port} cannot be used here (${code}); change ${key} or its host.`,
      {
        cause: thrown,
      },
    )
  return IdgenError.from(thrown)
}
