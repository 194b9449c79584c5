import { SETTINGS } from '../core/coordination-keys.ts'
import type { Clock } from '../ports/clock.ts'
import type { Coordinator } from '../ports/coordinator.ts'
import type { Settings } from './settings-layer.ts'
import { settingName, settingsOf } from './whole-config.ts'

/**
 * Tells the settings in etcd, all of them, whenever they changed; the last known ones stay while etcd is away. Changes
 * that belong together (one transaction) come as events of their own, so they are collected for a moment.
 */
export function followSettings(
  coordinator: Coordinator,
  clock: Clock,
  onSettings: (settings: Settings) => void,
): Disposable {
  let known = new Map<string, string>()
  let pending: Disposable | undefined
  const tellSoon = (): void => {
    pending ??= clock.after(COLLECT_MS, () => {
      pending = undefined
      onSettings(new Map(known))
    })
  }
  const following = coordinator.follow(SETTINGS, {
    onSnapshot: (entries) => {
      known = new Map(settingsOf(entries))
      tellSoon()
    },
    onPut: ({ key, value }) => {
      known.set(settingName(key), value)
      tellSoon()
    },
    onDelete: (key) => {
      known.delete(settingName(key))
      tellSoon()
    },
    onLost: () => {},
  })
  return {
    [Symbol.dispose]: () => {
      following[Symbol.dispose]()
      pending?.[Symbol.dispose]()
    },
  }
}

/** Events of one revision come in one message; a person who types two commands takes longer, and sees two changes. */
const COLLECT_MS = 50
