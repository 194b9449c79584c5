import type { NodeRecord } from '../../app/node-record.ts'
import { WORKER_COUNT } from '../../core/snowflake-layout.ts'
import type { UiParts } from '../admin-ui.ts'
import { page } from '../answer.ts'
import { type Html, html } from '../html.ts'
import { bilingual } from '../language.ts'
import { card, code, heading, notice, table } from '../parts.ts'
import { moment } from '../time-text.ts'
import type { UiRoutes } from '../ui-routes.ts'
import type { Member } from '../visit.ts'

/** The running processes of each data centre, and the worker ids that they stamp snowflakes with. */
export function nodesPages(routes: UiRoutes, { useCases, node }: UiParts): void {
  const { nodes, traffic } = useCases
  routes.get('/nodes', (member) => {
    const words = member.say(WORDS)
    const byDc = Map.groupBy(nodes.list(traffic.serverDc), ({ dc }) => dc)
    const body = html`${heading(words.title, { lead: words.lead })}
${!nodes.current && notice('warning', words.stale)}
${byDc.size === 0 && html`<p class="text-sm text-muted">${words.none}</p>`}
<div class="grid gap-6">${[...byDc].map(([dc, of]) => card(`dc-${dc}`, words.dc(dc), centre(member, of, node)))}</div>`
    return page(words.title, 'nodes', body)
  })
}

function centre(member: Member, nodes: readonly NodeRecord[], here: string): Html {
  const words = member.say(WORDS)
  const held = nodes.flatMap(({ workers }) => workers ?? []).sort((a, b) => a - b)
  const head = [words.node, 'HTTP', 'gRPC', 'Redis', words.version, words.started, words.workers]
  const rows = nodes.map(({ node, http, grpc, resp, version, startedAt, workers }) => [
    node === here ? html`${node} <span class="text-xs text-muted">${words.here}</span>` : node,
    code(http),
    code(grpc),
    resp === undefined ? '–' : code(resp),
    version,
    moment(new Date(startedAt)),
    workers === undefined ? '–' : workers.join(', ') || words.noWorker,
  ])
  return html`<p class="mb-3 text-sm text-muted">${words.held(held.length, WORKER_COUNT)}</p>${workerMap(member, held)}${table(words.node, head, rows)}`
}

const COLUMNS = 64
const SIDE = 10

/** All worker ids of a data centre as squares, 64 a line; those that are held are filled. */
function workerMap({ say }: Member, held: readonly number[]): Html {
  const taken = new Set(held)
  const squares = Array.from({ length: WORKER_COUNT }, (_, worker) => {
    const [x, y] = [(worker % COLUMNS) * SIDE, Math.floor(worker / COLUMNS) * SIDE]
    return html`<rect x="${x}" y="${y}" width="8" height="8" rx="1.5" class="${taken.has(worker) ? 'fill-accent' : 'fill-raised'}"><title>${worker}</title></rect>`
  })
  const label = say(WORDS).map(held.join(', ') || '–')
  return html`<svg viewBox="0 0 ${COLUMNS * SIDE} ${(WORKER_COUNT / COLUMNS) * SIDE}" role="img" aria-label="${label}" class="mb-4 w-full max-w-3xl">${squares}</svg>`
}

const WORDS = bilingual(
  {
    title: 'Nodes',
    lead: 'The running processes of all data centres, and the worker ids with which they stamp snowflakes.',
    stale: 'etcd is away: these are the last known nodes, and some may be gone.',
    none: 'No process is listed yet; each is a moment after its start.',
    dc: (dc: number) => `Data centre ${dc}`,
    held: (count: number, all: number) => `${count} of ${all} worker ids are held by the nodes listed here.`,
    map: (held: string) => `Worker ids held: ${held}`,
    here: '(this one)',
    node: 'Node',
    version: 'Version',
    started: 'Started',
    workers: 'Worker ids',
    noWorker: 'none',
  },
  {
    title: '节点',
    lead: '所有数据中心正在运行的进程，以及它们用于生成雪花 ID 的工作机器编号。',
    stale: 'etcd 不可用：以下为最后已知的节点，部分可能已离线。',
    none: '尚未列出任何进程：进程启动片刻后会出现在此处。',
    dc: (dc: number) => `数据中心 ${dc}`,
    held: (count: number, all: number) => `以下节点共占用 ${all} 个工作机器编号中的 ${count} 个。`,
    map: (held: string) => `已占用的工作机器编号：${held}`,
    here: '（本进程）',
    node: '节点',
    version: '版本',
    started: '启动时间',
    workers: '工作机器编号',
    noWorker: '无',
  },
)
