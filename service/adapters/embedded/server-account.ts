import { readFileSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { type Launch, runProgram } from './run-program.ts'
import { type ServerBinaries, unavailable } from './server-binaries.ts'

/** Whom the server's files belong to and how its programs are started as that user. */
export interface ServerAccount {
  /** undefined: our own user. */
  readonly uid: number | undefined
  readonly gid: number | undefined
  launch(file: string, args: readonly string[]): Launch
}

/**
 * PostgreSQL refuses to run as root. As a plain user the server simply runs as that user; as root it runs as the
 * user who owns the data already, else as `postgres`, else as `nobody`. No user is created.
 *
 * `folder` exists and will hold the data. Where that user cannot reach it, or the programs (a checkout below a
 * folder of mode 0700, such as /root or what mktemp makes), the server gets the one capability to read and search
 * everywhere, because opening up other people's folders would be worse.
 * @throws IDGEN_EMBEDDED_UNAVAILABLE
 */
export async function chooseAccount(
  binaries: ServerBinaries,
  folder: string,
  dataFolder: string,
): Promise<ServerAccount> {
  if (process.getuid?.() !== 0) {
    const plain: ServerAccount = { uid: undefined, gid: undefined, launch: (file, args) => ({ file, args }) }
    const fault = await probe(plain, binaries, folder)
    if (fault !== undefined) throw unavailable(fault)
    return plain
  }
  const user = ownerOf(dataFolder) ?? userNamed('postgres') ?? userNamed('nobody')
  if (user === undefined || user.uid === 0)
    throw unavailable('PostgreSQL does not run as root, and there is neither a user postgres nor nobody')
  const { uid, gid } = user
  const simple: ServerAccount = { uid, gid, launch: (file, args) => ({ file, args, uid, gid }) }
  if ((await probe(simple, binaries, folder)) === undefined) return simple
  const capable: ServerAccount = {
    uid,
    gid,
    launch: (file, args) => withReadCapability(uid, gid, file, args),
  }
  const fault = await probe(capable, binaries, folder)
  if (fault === undefined) return capable
  throw unavailable(
    `PostgreSQL does not run as root, and user ${uid} cannot use ${dirname(binaries.postgres)} or ${folder} (${fault}). Start idgen as another user, or put the checkout and IDGEN_DATA_DIR where user ${uid} may read`,
  )
}

/** no_setuid_fixup, because access(2) otherwise judges without capabilities and the server checks its files by it. */
function withReadCapability(uid: number, gid: number, file: string, args: readonly string[]): Launch {
  return {
    file: 'setpriv',
    args: [
      `--reuid=${uid}`,
      `--regid=${gid}`,
      '--clear-groups',
      '--inh-caps=+dac_read_search',
      '--ambient-caps=+dac_read_search',
      '--securebits=+no_setuid_fixup',
      '--no-new-privs',
      file,
      ...args,
    ],
  }
}

/** undefined when the account can run the server and reach the folder, else why not. */
async function probe(
  account: ServerAccount,
  binaries: ServerBinaries,
  folder: string,
): Promise<string | undefined> {
  const started = await runProgram(account.launch(binaries.postgres, ['--version']), PROBE_DEADLINE_MS)
  if (started.code !== 0) return `postgres --version failed: ${started.output}`
  const reached = await runProgram(
    account.launch('/bin/sh', ['-c', 'test -r "$1" && cd "$2"', 'sh', binaries.postgres, folder]),
    PROBE_DEADLINE_MS,
  )
  return reached.code === 0 ? undefined : `the folder cannot be reached: ${reached.output}`
}

function ownerOf(path: string): { uid: number; gid: number } | undefined {
  const found = statSync(path, { throwIfNoEntry: false })
  return found === undefined ? undefined : { uid: found.uid, gid: found.gid }
}

/** passwd(5): name:password:uid:gid:… */
function userNamed(name: string): { uid: number; gid: number } | undefined {
  const line = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find((entry) => entry.startsWith(`${name}:`))
  const [, , uid, gid] = line?.split(':') ?? []
  return uid === undefined || gid === undefined ? undefined : { uid: Number(uid), gid: Number(gid) }
}

/** The loader reads 15 MB from a disk that may be busy with an installation. */
const PROBE_DEADLINE_MS = 20_000
