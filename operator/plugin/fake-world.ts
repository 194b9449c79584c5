import { ManualClock } from '../runtime/manual-clock.ts'
import { ScriptedKube } from '../runtime/scripted-kube.ts'
import { NOW_MS } from './example-views.ts'
import type { PluginWorld } from './plugin-world.ts'

/** A world that a test owns: what is printed is kept, time stands still, and the cluster answers as the test says. */
export interface FakeWorld {
  readonly world: PluginWorld
  readonly kube: ScriptedKube
  readonly clock: ManualClock
  readonly said: { out: string; err: string; progress: string[] }
}

export function fakeWorld(changes: Partial<PluginWorld['screen']> = {}): FakeWorld {
  const kube = new ScriptedKube()
  const clock = new ManualClock()
  clock.step(NOW_MS - clock.nowMs())
  const said = { out: '', err: '', progress: [] as string[] }
  const screen: PluginWorld['screen'] = {
    look: { colour: false, unicode: true, width: 80 },
    rows: undefined,
    write: (text) => void (said.out += text),
    tell: (text) => void (said.err += text),
    progress: (text) => void said.progress.push(text),
    ask: undefined,
    ...changes,
  }
  return { world: { client: kube, namespace: 'shop', flags: ' -n shop', clock, screen }, kube, clock, said }
}
