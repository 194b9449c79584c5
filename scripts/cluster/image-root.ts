import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { runCommand } from './run-command.ts'

/** A folder that becomes a layer of an image, filled from files of this machine. */
export class ImageRoot {
  readonly folder: string

  /** Begins empty. */
  constructor(folder: string) {
    this.folder = folder
    rmSync(folder, { recursive: true, force: true })
    mkdirSync(folder, { recursive: true })
  }

  /** A file or a folder. A link is followed, because what it leads to would be missing; links in a folder stay. */
  copy(source: string, target: string): this {
    const path = join(this.folder, target)
    mkdirSync(dirname(path), { recursive: true })
    cpSync(realpathSync(source), path, { recursive: true, verbatimSymlinks: true })
    return this
  }

  write(target: string, text: string, mode = 0o644): this {
    const path = join(this.folder, target)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, text, { mode })
    return this
  }

  /** A program and the shared libraries it loads, which keep the paths they have on this machine. */
  async program(source: string, target: string): Promise<this> {
    this.copy(source, target)
    return await this.libraries(source)
  }

  /** Those that a program loads, without what lies below `brought`: it comes with the program. */
  async libraries(source: string, brought = 'none'): Promise<this> {
    for (const library of librariesOf(await runCommand('ldd', [source])))
      if (!realpathSync(library).startsWith(`${brought}/`) && !existsSync(join(this.folder, library)))
        this.copy(library, library)
    return this
  }

  /** A shell and the small programs that scripts use, all one static file. */
  async shell(): Promise<this> {
    this.copy('/usr/bin/busybox', 'bin/busybox')
    const names = (await runCommand('/usr/bin/busybox', ['--list'])).trim().split('\n')
    for (const name of names) if (name !== 'busybox') symlinkSync('busybox', join(this.folder, 'bin', name))
    mkdirSync(join(this.folder, 'usr/bin'), { recursive: true })
    symlinkSync('/bin/env', join(this.folder, 'usr/bin/env'))
    return this
  }

  /** Programs ask for the name of their user, and for a place for temporary files. */
  accounts(id: number): this {
    mkdirSync(join(this.folder, 'tmp'), { recursive: true })
    // Not by mkdir, from whose mode the umask is taken away.
    chmodSync(join(this.folder, 'tmp'), 0o1777)
    this.write('etc/passwd', `root:x:0:0:root:/:/bin/sh\nnonroot:x:${id}:${id}:nonroot:/tmp:/bin/sh\n`)
    return this.write('etc/group', `root:x:0:\nnonroot:x:${id}:\n`)
  }
}

/** The paths that ldd tells; what is linked statically has none. */
export function librariesOf(ldd: string): string[] {
  return ldd
    .split('\n')
    .map((line) => /(?:=> )?(\/\S+) \(0x/.exec(line)?.[1])
    .filter((path) => path !== undefined)
}
