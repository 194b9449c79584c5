import { createHash } from 'node:crypto'
import type { StatusReport } from '../app/instance-status.ts'
import type { Finding } from '../core/finding.ts'

/** /status for people: one plain page without a script, that looks again by itself. */
export function statusPage(report: StatusReport): string {
  const { state, summary, instance, version, dataCentre, nowMs, upMs, findings } = report
  const facts = [
    ['Process', instance],
    ['Version', version],
    ['Data centre', String(dataCentre)],
    ['Running for', spanText(upMs)],
    ['Looked at', `${new Date(nowMs).toISOString().replace('T', ' ').slice(0, 19)} UTC`],
  ] as const
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="refresh" content="10">
<title>idgen: ${escaped(summary)}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<h1 class="${state}">${escaped(summary)}</h1>
<dl>${facts.map(([name, value]) => `<div><dt>${name}</dt><dd>${escaped(value)}</dd></div>`).join('')}</dl>
<table>
<caption>What was looked at, the worst first</caption>
<thead><tr><th scope="col">State</th><th scope="col">What</th><th scope="col">Found</th></tr></thead>
<tbody>
${findings.map(row).join('\n')}
</tbody>
</table>
<p>The page looks again every 10 seconds. From outside, <code>idgen doctor</code> checks more.</p>
</main>
</body>
</html>
`
}

/** Nothing is loaded, nothing runs, nobody frames it; the one style is named by its hash. */
export const STATUS_POLICY = (): string =>
  `default-src 'none'; style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`

/** Whether the caller would rather read a page than JSON: a browser names text/html, a program does not. */
export function wantsPage(accept: string | undefined): boolean {
  return accept?.includes('text/html') === true
}

const WORDS = { ok: 'ok', warning: 'look', bad: 'bad' } as const

function row({ verdict, what, found, todo }: Finding): string {
  const advice = verdict === 'ok' || todo === undefined ? '' : `<br><strong>${escaped(todo)}</strong>`
  return `<tr class="${verdict}"><td><span>${WORDS[verdict]}</span></td><th scope="row">${escaped(what)}</th><td>${escaped(found)}${advice}</td></tr>`
}

function spanText(ms: number): string {
  const minutes = Math.floor(ms / 60_000)
  if (minutes < 1) return `${Math.floor(ms / 1000)} s`
  if (minutes < 60) return `${minutes} min`
  const hours = Math.floor(minutes / 60)
  return hours < 48 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} days`
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`)
}

const STYLE = `
:root{color-scheme:light dark;--ok:#17663a;--warning:#8a5300;--bad:#b3261e;--line:#8886}
@media(prefers-color-scheme:dark){:root{--ok:#6fd39a;--warning:#ffc26b;--bad:#ff9d94}}
body{font:16px/1.5 system-ui,sans-serif;margin:0}
main{max-width:60rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.6rem;border-left:.5rem solid;padding-left:.8rem}
.well{border-color:var(--ok)}.troubled{border-color:var(--warning)}.unable,.stopping{border-color:var(--bad)}
dl{display:flex;flex-wrap:wrap;gap:.5rem 2rem;margin:1.2rem 0}
dt{font-size:.85rem}dd{margin:0;font-weight:600;overflow-wrap:anywhere}
table{border-collapse:collapse;width:100%}
caption{text-align:left;padding:.5rem 0}
th,td{text-align:left;vertical-align:top;padding:.5rem .8rem .5rem 0;border-top:1px solid var(--line);overflow-wrap:anywhere}
tbody th{font-weight:600;white-space:nowrap}
td span{font-weight:700}
.ok span{color:var(--ok)}.warning span{color:var(--warning)}.bad span{color:var(--bad)}
`
