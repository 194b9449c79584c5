import { mkdir, open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { IdgenError } from '../../core/errors.ts'
import type { OwnCertificate } from './own-certificate.ts'

export interface CertificateFolder {
  readonly cert: string
  readonly key: string
}

/**
 * Writes both files into a folder, which is made if it is not there; or none of them: what is there already belongs to somebody and
 * stays as it is, also a link that leads nowhere. The key is readable for its owner only.
 * @throws IDGEN_ALREADY_EXISTS; IDGEN_REQUEST_INVALID where nothing can be written
 */
export async function writeCertificateFolder(
  folder: string,
  { cert, key }: OwnCertificate,
): Promise<CertificateFolder> {
  const paths = { cert: join(folder, 'tls.crt'), key: join(folder, 'tls.key') }
  const made: string[] = []
  const write = async (path: string, text: string, mode: number): Promise<void> => {
    await using file = await open(path, 'wx', mode)
    made.push(path)
    await file.writeFile(text)
  }
  try {
    await mkdir(folder, { recursive: true })
    await write(paths.key, key, 0o600)
    await write(paths.cert, cert, 0o644)
    return paths
  } catch (error) {
    for (const path of made) await rm(path, { force: true })
    throw fromFileError(error as NodeJS.ErrnoException, folder, paths)
  }
}

function fromFileError(
  cause: NodeJS.ErrnoException,
  folder: string,
  { cert, key }: CertificateFolder,
): IdgenError {
  const { code, path = folder } = cause
  if (code === 'EEXIST' && (path === cert || path === key))
    return new IdgenError(
      'IDGEN_ALREADY_EXISTS',
      `${path} is there already, and stays as it is. Take another folder, or remove ${cert} and ${key} first: a service that runs goes on with the old pair, and takes the new one in within seconds.`,
    )
  return new IdgenError('IDGEN_REQUEST_INVALID', `${path} cannot be written (${code}).`, { cause })
}
