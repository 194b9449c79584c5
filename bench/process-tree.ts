import { readdir, readFile } from 'node:fs/promises'

/** Processor time of a process and all its children, also of those that ended, in microseconds (Linux). */
export async function treeMicros(pid: number): Promise<number> {
  const all = await processes()
  const counted = new Set([pid])
  // A child has a higher number than its parent nearly always; after an overflow of the numbers a round more finds it.
  for (let before = 0; before !== counted.size; ) {
    before = counted.size
    for (const one of all) if (counted.has(one.parent)) counted.add(one.pid)
  }
  return all.filter((one) => counted.has(one.pid)).reduce((sum, { ticks }) => sum + ticks, 0) * TICK_MICROS
}

async function processes(): Promise<{ pid: number; parent: number; ticks: number }[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  const found = await Promise.all(
    pids.map(async (pid) => {
      try {
        // Behind the name, which may hold anything: state, parent, … user, system, of ended children user, system.
        const fields = (await readFile(`/proc/${pid}/stat`, 'utf8')).replace(/^.*\) /s, '').split(' ')
        const ticks = [11, 12, 13, 14].reduce((sum, at) => sum + Number(fields[at]), 0)
        return [{ pid: Number(pid), parent: Number(fields[1]), ticks }]
      } catch {
        // It ended meanwhile.
        return []
      }
    }),
  )
  return found.flat()
}

const TICK_MICROS = 10_000
