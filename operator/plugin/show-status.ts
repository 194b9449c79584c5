import { sleep } from '../runtime/clock.ts'
import { drawList, drawStatus } from './draw-status.ts'
import { drawTagTable } from './draw-tags.ts'
import type { GeneratorView } from './generator-view.ts'
import type { PluginWorld } from './plugin-world.ts'
import { listGenerators, readEvents, readGenerator, readTags } from './read-generator.ts'
import { jsonText } from './run-command.ts'
import { type Line, line, print, span } from './styled-line.ts'

export interface StatusRequest {
  /** undefined: the only one of the namespace, or a list of all. */
  readonly name: string | undefined
  readonly watch: boolean
  readonly json: boolean
}

export async function showStatus(
  world: PluginWorld,
  { name, watch, json }: StatusRequest,
  end: AbortSignal,
): Promise<void> {
  const { screen } = world
  const chosen = name ?? (await onlyName(world, json))
  if (chosen === undefined) return
  const view = await readView(world, chosen)
  if (watch) await watchStatus(world, chosen, view, end)
  else if (json)
    screen.write(jsonText({ generator: view.generator, bizTags: view.tags, events: view.events }))
  else screen.write(print(drawStatus(view, screen.look), screen.look))
}

export async function showTags(world: PluginWorld, name: string, json: boolean): Promise<void> {
  const { screen } = world
  const generator = await readGenerator(world, name)
  const { tags, gap } = await readTags(world, name)
  if (json) {
    screen.write(jsonText({ bizTags: tags }))
    return
  }
  screen.write(print(drawTagTable(generator, tags, screen.look), screen.look))
  if (gap !== undefined) screen.tell(`${gap}\n`)
}

async function onlyName(world: PluginWorld, json: boolean): Promise<string | undefined> {
  const { screen, namespace } = world
  const all = await listGenerators(world)
  if (all.length === 1) return all[0]?.metadata.name
  if (json) screen.write(jsonText({ generators: all }))
  else if (all.length === 0)
    screen.tell(
      `No IdGenerator in namespace ${namespace}. Add -n for another one, or make one with kubectl apply.\n`,
    )
  else screen.write(print(drawList(all, screen.look), screen.look))
  return undefined
}

async function readView(world: PluginWorld, name: string): Promise<GeneratorView> {
  const generator = await readGenerator(world, name)
  const [{ tags, gap: tagGap }, { events, gap: eventGap }] = await Promise.all([
    readTags(world, name),
    readEvents(world, name),
  ])
  const gaps = [tagGap, eventGap].filter((gap) => gap !== undefined)
  return { nowMs: world.clock.nowMs(), flags: world.flags, generator, tags, events, gaps }
}

/** Draws anew until it is ended: on a terminal in place, elsewhere one below the other whenever something changed. */
async function watchStatus(
  world: PluginWorld,
  name: string,
  first: GeneratorView,
  end: AbortSignal,
): Promise<void> {
  const { clock, screen } = world
  let view = first
  let trouble = ''
  let shown = ''
  while (!end.aborted) {
    const lines = drawStatus({ ...view, nowMs: clock.nowMs() }, screen.look)
    const said = trouble === '' ? lines : [...lines, line(span(trouble, 'bad'))]
    const state = JSON.stringify([view.generator, view.tags, view.events, trouble])
    if (screen.rows !== undefined) screen.write(inPlace(said, screen.rows, world))
    else if (state !== shown) screen.write(`${print(said, screen.look)}\n`)
    shown = state
    await sleep(clock, WATCH_EVERY_MS, end)
    try {
      view = await readView(world, name)
      trouble = ''
    } catch (thrown) {
      // A cluster that is away for a while must not end a watch of hours.
      trouble = `No news: ${thrown instanceof Error ? thrown.message : String(thrown)}`
    }
  }
}

/** Over what stood there before, line by line: clearing first would flicker. */
function inPlace(lines: readonly Line[], rows: number, { screen: { look } }: PluginWorld): string {
  const room = Math.max(1, rows - 1)
  const fits =
    lines.length <= room
      ? lines
      : [...lines.slice(0, room - 1), line(span('(a higher terminal shows more)', 'faint'))]
  const text = print(fits, look).replaceAll('\n', `${CLEAR_LINE}\n`)
  return `${HOME}${text}${CLEAR_BELOW}`
}

const HOME = '\u001b[H'
const CLEAR_LINE = '\u001b[K'
const CLEAR_BELOW = '\u001b[J'
/** One person looks at one object. */
const WATCH_EVERY_MS = 2000
