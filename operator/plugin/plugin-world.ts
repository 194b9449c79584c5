import type { Clock } from '../runtime/clock.ts'
import type { KubeClient } from '../runtime/kube-client.ts'
import type { Look } from './styled-line.ts'

/** Everything that a command of the plugin needs of the world. */
export interface PluginWorld {
  readonly client: KubeClient
  readonly namespace: string
  /** What must stand behind a command that is advised, so that it means the same: " -n shop --context b", or "". */
  readonly flags: string
  readonly clock: Clock
  readonly screen: Screen
}

/** The terminal, or what stands in for it. */
export interface Screen {
  readonly look: Look
  /** Lines of a terminal; undefined where the output is none. */
  readonly rows: number | undefined
  /** The result: standard output. */
  write(text: string): void
  /** What is said beside it: standard error. */
  tell(text: string): void
  /** A line that the next one replaces; nothing where there is no terminal. */
  progress(text: string): void
  /** undefined where nobody can be asked. */
  readonly ask: ((question: string) => Promise<boolean>) | undefined
}
