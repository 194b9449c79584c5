import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import { auditLine } from '../../core/audit-line.ts'
import type { AuditCopy } from '../../ports/audit-copy.ts'
import type { ChainedRecord } from '../../ports/audit-sink.ts'
import type { Log } from '../../ports/log.ts'

/** What the file is opened with; the tests have one that fails. */
type OpenFile = (path: string, flags: number, mode: number) => Promise<OpenedFile>

interface OpenedFile {
  stat(): Promise<{ isFile(): boolean }>
  appendFile(text: string): Promise<void>
  sync(): Promise<void>
  close(): Promise<void>
}

/**
 * The audit log as a file of NDJSON. It is opened anew for each batch (one a second at most), so that one that was moved
 * away, by logrotate or by hand, is followed by a new one without a signal; and it is synced to the disk before the next.
 */
export class AuditFile implements AuditCopy {
  readonly #path: string
  readonly #log: Log
  readonly #open: OpenFile
  #missed = 0
  /** The last line may be half of one. */
  #torn = false
  #failing = false

  constructor(path: string, log: Log, openFile: OpenFile = open) {
    this.#path = path
    this.#log = log
    this.#open = openFile
  }

  get missed(): number {
    return this.#missed
  }

  async add(records: readonly ChainedRecord[]): Promise<void> {
    // A write that failed may have left half a line: what comes now must not continue it.
    const text = (this.#torn ? '\n' : '') + records.map((record) => auditLine(record)).join('')
    let isThere = false
    try {
      const file = await this.#openRegular()
      try {
        await file.appendFile(text)
        isThere = true
        this.#torn = false
        await syncWherePossible(file)
      } finally {
        await file.close()
      }
      if (this.#failing) this.#log.info({ missed: this.#missed }, 'audit file takes records again')
      this.#failing = false
    } catch (thrown) {
      if (!isThere) {
        this.#missed += records.length
        this.#torn = true
      }
      // One line until it works again: a full disk is not to be filled further.
      if (!this.#failing)
        this.#log.error({ err: thrown, missed: this.#missed }, 'audit file cannot be written')
      this.#failing = true
    }
  }

  /** A pipe that nobody reads, or reads slowly, would hold up each batch; of one that ends nothing is kept. */
  async #openRegular(): Promise<OpenedFile> {
    const file = await this.#open(this.#path, APPENDING, OWNER_AND_GROUP).catch((thrown: unknown) => {
      const code = codeOf(thrown)
      if (code === 'ENXIO') throw notRegular(this.#path, 'a pipe, a socket or a device')
      throw code === 'ELOOP' ? notRegular(this.#path, 'a symbolic link') : thrown
    })
    try {
      if ((await file.stat()).isFile()) return file
    } catch (thrown) {
      await file.close()
      throw thrown
    }
    await file.close()
    throw notRegular(this.#path, 'a pipe, a socket or a device')
  }
}

/** Some file systems know no sync: then there is nothing to wait for. */
async function syncWherePossible(file: OpenedFile): Promise<void> {
  try {
    await file.sync()
  } catch (thrown) {
    if (!['EINVAL', 'ENOTSUP', 'ENOSYS'].includes(codeOf(thrown))) throw thrown
  }
}

function notRegular(path: string, what: string): Error {
  return new Error(`audit.file must be a regular file: ${path} is ${what}`)
}

function codeOf(thrown: unknown): string {
  return thrown instanceof Error && 'code' in thrown ? String(thrown.code) : ''
}

/**
 * The open of a pipe without a reader would wait for one, and keep a thread of the process until then. Whoever may write
 * into the folder alone could lead the records, by a link in place of the file, into any file of the service's user.
 */
const APPENDING =
  constants.O_WRONLY |
  constants.O_APPEND |
  constants.O_CREAT |
  constants.O_NONBLOCK |
  constants.O_NOCTTY |
  constants.O_NOFOLLOW
/** Who changed what is nothing for everybody on the machine. */
const OWNER_AND_GROUP = 0o640
