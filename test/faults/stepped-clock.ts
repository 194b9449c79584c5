import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/**
 * The wall clock of one service, stepped by libfaketime (Debian package faketime). The monotonic clock goes on as it
 * is, as it does when somebody sets a machine's time.
 */
export const steppedClock = {
  /** Environment of a service whose clock can be stepped. */
  environment(folder: string): Record<string, string> {
    this.step(folder, 0)
    return {
      LD_PRELOAD: libraryFile(),
      FAKETIME_TIMESTAMP_FILE: clockFile(folder),
      // How soon a step is seen; every call would open the file otherwise.
      FAKETIME_CACHE_DURATION: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
    }
  },
  /** Seconds away from the time of everybody else, within a second from now. */
  step(folder: string, seconds: number): void {
    writeFileSync(clockFile(folder), `${seconds < 0 ? '' : '+'}${seconds}\n`)
  },
}

/** undefined where the package is missing; scripts/install-servers.sh installs it. */
export function steppedClockMissing(): string | undefined {
  try {
    libraryFile()
    return undefined
  } catch (thrown) {
    return String(thrown)
  }
}

function clockFile(folder: string): string {
  return join(folder, 'clock')
}

function libraryFile(): string {
  for (const name of readdirSync(LIBRARIES)) {
    const folder = join(LIBRARIES, name, 'faketime')
    try {
      if (readdirSync(folder).includes(LIBRARY)) return join(folder, LIBRARY)
    } catch {
      // Not the folder of an architecture that has it.
    }
  }
  throw new Error(
    'libfaketime is missing: scripts/install-servers.sh faults installs it (Debian package faketime)',
  )
}

const LIBRARIES = '/usr/lib'
const LIBRARY = 'libfaketimeMT.so.1'
