import { createReadStream, type ReadStream } from 'node:fs'
import { basename } from 'node:path'
import type { Readable } from 'node:stream'
import { createGunzip, type Gunzip } from 'node:zlib'
import { IdgenError } from '../core/errors.ts'

/**
 * Tells the lines of audit files, one after another, without their ends, each with `file:line`; until `tell` answers false.
 * What ends in .gz is unpacked. @throws IDGEN_REQUEST_INVALID where one cannot be read to its end
 */
export async function readAuditLines(
  paths: readonly string[],
  tell: (line: string, where: string) => boolean,
): Promise<void> {
  for (const path of paths)
    try {
      if (!(await readOne(path, tell))) return
    } catch (error) {
      // Of `tell`.
      if (error instanceof IdgenError) throw error
      const why = error instanceof Error ? error.message : String(error)
      throw new IdgenError('IDGEN_REQUEST_INVALID', `${path} cannot be read: ${why}.`)
    }
}

/** @returns whether all was told */
async function readOne(path: string, tell: (line: string, where: string) => boolean): Promise<boolean> {
  const file = createReadStream(path)
  let number = 0
  try {
    for await (const line of linesOf(path.endsWith('.gz') ? unpacked(file) : file)) {
      number += 1
      if (!tell(line, `${basename(path)}:${number}`)) return false
    }
    return true
  } finally {
    file.destroy()
  }
}

function unpacked(file: ReadStream): Gunzip {
  const gunzip = createGunzip()
  // A pipe passes no error on.
  file.once('error', (error) => gunzip.destroy(error))
  return file.pipe(gunzip)
}

/** Of readline a name with U+2028 in it would be two lines, and a line without an end would fill the memory. */
async function* linesOf(bytes: Readable): AsyncGenerator<string> {
  let parts: Buffer[] = []
  let length = 0
  for await (const chunk of bytes as AsyncIterable<Buffer>) {
    let from = 0
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, from)) {
      yield Buffer.concat([...parts, chunk.subarray(from, end)]).toString()
      parts = []
      length = 0
      from = end + 1
    }
    parts.push(chunk.subarray(from))
    length += chunk.length - from
    if (length > LINE_MAX)
      throw new Error(`a line of it is longer than ${LINE_MAX} bytes, which no record is`)
  }
  if (length > 0) yield Buffer.concat(parts).toString()
}

const NEWLINE = 0x0a
/** A record holds a tag's settings twice at most, some kilobytes. */
const LINE_MAX = 16 * 1024 * 1024
