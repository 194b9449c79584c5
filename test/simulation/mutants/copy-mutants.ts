import type { TimeCopy, TimeCopyStore } from '../../../service/ports/time-copy-store.ts'

/** Copies as they are, but for what a mutant does otherwise. */
function changed(inner: TimeCopyStore, change: Partial<TimeCopyStore>): TimeCopyStore {
  return {
    nowMs: () => inner.nowMs(),
    authority: (dc, wanted) => inner.authority(dc, wanted),
    read: (dc, worker) => inner.read(dc, worker),
    replace: (dc, worker, before, after) => inner.replace(dc, worker, before, after),
    readAll: (dc) => inner.readAll(dc),
    ...change,
  }
}

/** The copies do not know who wrote them. */
export function copiesWithoutNonces(inner: TimeCopyStore): TimeCopyStore {
  return changed(inner, {
    replace: (dc, worker, before, after) =>
      inner.replace(dc, worker, { ...before, nonce: '' }, { ...after, nonce: '' }),
  })
}

/** There are no copies: PostgreSQL is asked for the authority only. */
export function noCopies(inner: TimeCopyStore): TimeCopyStore {
  const nothing: TimeCopy = { untilMs: 0, nonce: '' }
  return changed(inner, {
    read: async () => nothing,
    replace: async () => true,
    readAll: async () => new Map(),
  })
}

/** The window is used at once, and its copy written when `later` calls for it. */
export function copiesWrittenLater(inner: TimeCopyStore, later: (write: () => void) => void): TimeCopyStore {
  return changed(inner, {
    replace: async (dc, worker, before, after) => {
      later(() => void inner.replace(dc, worker, before, after).catch(() => {}))
      return true
    },
  })
}

/** The copy is read when a hold begins; afterwards it is raised, whatever it says by then. */
export function copiesNotCompared(inner: TimeCopyStore): TimeCopyStore {
  return changed(inner, {
    replace: async (dc, worker, before, after) => {
      if (after.untilMs < before.untilMs) return await inner.replace(dc, worker, before, after)
      const found = await inner.read(dc, worker)
      return await inner.replace(dc, worker, found, {
        ...after,
        untilMs: Math.max(found.untilMs, after.untilMs),
      })
    },
  })
}
