import { readdir, readFile, readlink } from 'node:fs/promises'

/**
 * How many connections to a port each event loop of a process watches, the most first (Linux). Threads share the process's
 * descriptors; only their event loops' lists (epoll) tell whose a connection is:
 *
 *     /proc/net/tcp ─ port ─▶ inodes ─▶ /proc/PID/fd ─▶ descriptors ─▶ /proc/PID/fdinfo of each epoll: "tfd: 27 …"
 */
export async function dealtConnections(pid: number, port: number): Promise<readonly number[]> {
  const sockets = new Set(await inodesOn(port))
  const links = await openLinks(pid)
  const connections = new Set(
    links.filter(({ link }) => sockets.has(inodeOf(link) ?? '')).map(({ descriptor }) => descriptor),
  )
  const loops = links.filter(({ link }) => link.includes('eventpoll'))
  const counts = await Promise.all(
    loops.map(async ({ descriptor }) => {
      const text = await readFile(`/proc/${pid}/fdinfo/${descriptor}`, 'utf8')
      return [...text.matchAll(/^tfd:\s+(\d+)/gm)].filter(([, watched = '']) => connections.has(watched))
        .length
    }),
  )
  return counts.filter((count) => count > 0).toSorted((a, b) => b - a)
}

async function inodesOn(port: number): Promise<readonly string[]> {
  const hex = port.toString(16).toUpperCase().padStart(4, '0')
  const rows = (await Promise.all([socketRows('tcp'), socketRows('tcp6')])).flat()
  return rows.flatMap(([, local, , state, , , , , , inode = '']) =>
    local?.endsWith(`:${hex}`) === true && state === ESTABLISHED ? [inode] : [],
  )
}

async function socketRows(table: string): Promise<readonly (readonly string[])[]> {
  const text = await readFile(`/proc/net/${table}`, 'utf8')
  return text.split('\n').map((line) => line.trim().split(/\s+/))
}

interface OpenLink {
  readonly descriptor: string
  readonly link: string
}

async function openLinks(pid: number): Promise<readonly OpenLink[]> {
  const descriptors = await readdir(`/proc/${pid}/fd`)
  const links = await Promise.all(
    descriptors.map(async (descriptor): Promise<OpenLink | undefined> => {
      try {
        return { descriptor, link: await readlink(`/proc/${pid}/fd/${descriptor}`) }
      } catch {
        // Closed meanwhile.
        return undefined
      }
    }),
  )
  return links.filter((one) => one !== undefined)
}

function inodeOf(link: string): string | undefined {
  return /^socket:\[(\d+)\]$/.exec(link)?.[1]
}

/** proc(5), /proc/net/tcp. */
const ESTABLISHED = '01'
