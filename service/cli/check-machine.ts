import { X509Certificate } from 'node:crypto'
import { readFile, statfs } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { dirname } from 'node:path'
import type { Config } from '../config/keys.ts'
import type { Finding } from '../core/finding.ts'
import { certificateEnding, judgeDisk, judgeEnding, judgeThreads } from '../core/judgements.ts'
import { threadCount } from '../start-threads.ts'
import { check } from './findings.ts'

/** The certificate that callers are shown, the disk where anything is written, the processors. */
export async function checkMachine(findings: Finding[], config: Config): Promise<void> {
  const { cert } = config.server.https
  if (cert !== '')
    await check(findings, {
      what: 'certificate',
      ask: async () => new X509Certificate(await readFile(cert)),
      tell: ({ validFromDate, validToDate }) => {
        const life = { startMs: validFromDate.getTime(), endMs: validToDate.getTime() }
        return judgeEnding(certificateEnding(life), Date.now(), isoOf)
      },
      todo: 'Let server.https.cert name a file with a certificate in PEM that this user may read.',
    })
  if (config.database.url === '')
    await check(findings, {
      what: 'disk',
      ask: () => freeBytes(config.data.dir),
      tell: (bytes) => judgeDisk(config.data.dir, bytes),
    })
  findings.push(judgeThreads(threadCount(config), availableParallelism()))
}

/** Of the file system that a folder will lie in. */
async function freeBytes(folder: string): Promise<number> {
  try {
    const { bavail, bsize } = await statfs(folder)
    return bavail * bsize
  } catch (error) {
    // Not made yet: its parent is where it will be.
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || dirname(folder) === folder) throw error
    return await freeBytes(dirname(folder))
  }
}

function isoOf(ms: number): string {
  return new Date(ms).toISOString()
}
