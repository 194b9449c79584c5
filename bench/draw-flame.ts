import type { Profiler } from 'node:inspector'
import { CHART_STYLE, escaped, fixed } from '../service/load/chart-frame.ts'

/**
 * A processor profile as one SVG: each frame as wide as its share of the time that the thread was not idle, what it called
 * below it. Blue is ours, green a package, grey Node and V8; pointing at a frame tells its file and its share.
 *
 *     ├──────────── onRead ───────────────┤├─ (garbage) ─┤
 *     ├─── answer ────┤├── writeHead ──┤
 */
export function drawFlame(title: string, profile: Profiler.Profile): string {
  const root = mergedTree(profile)
  const rows: string[] = []
  const depth = place(root.children, { x: 0, depth: 0, total: root.micros }, rows)
  const height = TOP + (depth + 1) * FRAME_HEIGHT + MARGIN
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img">`,
    `<style>${CHART_STYLE} ${OWN_STYLE}</style>`,
    `<rect class="ground" width="${WIDTH}" height="${height}"/>`,
    `<text class="panel" x="${MARGIN}" y="24">${escaped(title)}</text>`,
    `<text class="tick" x="${MARGIN}" y="42">Blue: idgen; green: packages; grey: Node and V8. What is below ${LEAST_SHARE * 100} % is left out. ${idleText(root.micros, profile)}</text>`,
    ...rows,
    '</svg>',
    '',
  ].join('\n')
}

/** A server that waits for its client shows where its time goes, and not what it could do. */
function idleText(busyMicros: number, { timeDeltas = [] }: Profiler.Profile): string {
  const all = timeDeltas.reduce((sum, micros) => sum + micros, 0)
  const idle = all === 0 ? 0 : 1 - busyMicros / all
  return `The thread was idle ${Math.round(idle * 100)} % of the time${idle > CLIENT_LIMITS ? ': the client was the limit' : ''}.`
}

/** Frames of the same function below the same caller are one. */
interface Frame {
  readonly name: string
  readonly file: string
  /** Of its own and of what it called. */
  micros: number
  readonly children: Map<string, Frame>
}

function mergedTree({ nodes, samples = [], timeDeltas = [] }: Profiler.Profile): Frame {
  const own = new Map<number, number>()
  for (const [i, id] of samples.entries()) own.set(id, (own.get(id) ?? 0) + (timeDeltas[i] ?? 0))
  const byId = new Map(nodes.map((node) => [node.id, node]))
  const merge = (id: number, into: Frame): number => {
    const node = byId.get(id)
    if (node === undefined || IDLE.has(node.callFrame.functionName)) return 0
    const { functionName, url, lineNumber } = node.callFrame
    const name = functionName === '' ? '(anonymous)' : functionName
    const file = url === '' ? '' : `${shortened(url)}:${lineNumber + 1}`
    const key = `${name} ${file}`
    const frame = into.children.get(key) ?? { name, file, micros: 0, children: new Map() }
    into.children.set(key, frame)
    const below = (node.children ?? []).reduce((sum, child) => sum + merge(child, frame), 0)
    const micros = (own.get(id) ?? 0) + below
    frame.micros += micros
    return micros
  }
  const root: Frame = { name: '', file: '', micros: 0, children: new Map() }
  root.micros = (nodes[0]?.children ?? []).reduce((sum, child) => sum + merge(child, root), 0)
  return root
}

/** Returns the depth that was reached. */
function place(
  frames: Frame['children'],
  { x, depth, total }: { readonly x: number; readonly depth: number; readonly total: number },
  rows: string[],
): number {
  let left = x
  let deepest = depth
  for (const frame of [...frames.values()].toSorted((a, b) => b.micros - a.micros)) {
    const share = frame.micros / total
    if (share < LEAST_SHARE || depth >= DEPTH_MAX) continue
    rows.push(drawn(frame, { x: left, y: TOP + depth * FRAME_HEIGHT, share }))
    deepest = Math.max(deepest, place(frame.children, { x: left, depth: depth + 1, total }, rows))
    left += share
  }
  return deepest
}

function drawn(
  { name, file }: Frame,
  at: { readonly x: number; readonly y: number; readonly share: number },
): string {
  const [x, width] = [MARGIN + at.x * INNER, at.share * INNER]
  const chars = Math.floor((width - 6) / CHAR_WIDTH)
  const label = chars < 3 ? '' : name.length > chars ? `${name.slice(0, chars - 1)}…` : name
  const tip = `${name} ${file} ${(at.share * 100).toFixed(1)} %`
  const text = label === '' ? '' : `<text x="${fixed(x + 3)}" y="${at.y + 12}">${escaped(label)}</text>`
  const size = `width="${fixed(Math.max(0.5, width - 0.5))}" height="${FRAME_HEIGHT - 1}"`
  return `<g class="${kindOf(file)}"><title>${escaped(tip)}</title><rect x="${fixed(x)}" y="${at.y}" ${size}/>${text}</g>`
}

function kindOf(file: string): 'ours' | 'package' | 'node' {
  if (file.startsWith('node_modules/')) return 'package'
  return file === '' || file.startsWith('node:') ? 'node' : 'ours'
}

/** From the folder of the project on, so that no picture says where it was made. */
function shortened(url: string): string {
  const path = url.replace(/^file:\/\//, '')
  const from = Math.max(
    ...['/node_modules/', '/service/', '/bench/', '/test/'].map((part) => path.indexOf(part)),
  )
  return from < 0
    ? url.startsWith('node:')
      ? url
      : path.slice(path.lastIndexOf('/') + 1)
    : path.slice(from + 1)
}

/** What waits, not what works. */
/** Of its time: a server that is always asked waits less. */
const CLIENT_LIMITS = 0.1
const IDLE = new Set(['(idle)', '(root)'])
/** Narrower ones cannot be read, and make the picture large. */
const LEAST_SHARE = 0.004
/** Deeper calls are a pixel high in every reader. */
const DEPTH_MAX = 48
const WIDTH = 1200
const MARGIN = 12
const INNER = WIDTH - 2 * MARGIN
const TOP = 54
const FRAME_HEIGHT = 17
/** Of the font at 10 pixels. */
const CHAR_WIDTH = 5.6
const OWN_STYLE = `g text { font-size: 10px } .ours rect { fill: #b6d7ff } .package rect { fill: #bfe8c9 } .node rect { fill: #e2e5e9 }
@media (prefers-color-scheme: dark) { .ours rect { fill: #1f4a80 } .package rect { fill: #1d5a32 } .node rect { fill: #373e47 } }`
