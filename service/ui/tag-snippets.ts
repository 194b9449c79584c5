import type { AlgorithmName } from '../core/algorithm.ts'
import { printerOf } from '../core/id-printer.ts'
import { type Tag, tagPath } from '../core/tag.ts'
import { type Html, html } from './html.ts'
import { bilingual } from './language.ts'
import type { Member } from './visit.ts'

/** Where clients reach the other protocols of this process, on the host that the browser came to. */
export interface Endpoints {
  readonly grpcPort: number
  readonly grpcTls: boolean
  /** undefined: the Redis protocol is off. */
  readonly respPort: number | undefined
  readonly respTls: boolean
}

/** What to write to get IDs of this tag, with its name filled in. The key stands in none of them. */
export function snippets(member: Member, tag: Tag, endpoints: Endpoints): Html {
  const words = member.say(WORDS)
  const { origin } = member
  const host = new URL(origin).hostname
  const path = tagPath(tag)
  const issues = issuedBy(tag)
  const grpc = `grpcurl ${endpoints.grpcTls ? '' : '-plaintext '}-H "authorization: Bearer $IDGEN_KEY" \\\n  -d '{"tag": "${path}"}' ${host}:${endpoints.grpcPort} idgen.v1.IdService/Generate`
  const url = `${origin}/v1/workspaces/${tag.workspace}/groups/${tag.group}/tags/${tag.name}/ids`
  const all: readonly (readonly [string, string])[] = [
    ['curl', `curl -X POST -H "Authorization: Bearer $IDGEN_KEY" \\\n  ${url}`],
    ['gRPC', grpc],
    ['redis-cli', redis(path, issues, host, endpoints)],
    ['TypeScript', library(path, issues, origin)],
  ]
  return html`<p class="hint mb-3">${words.key}</p><div class="grid grid-cols-[minmax(0,1fr)] gap-4">${all.map(
    ([
      title,
      text,
    ]) => html`<figure><figcaption class="label">${title}${title === 'redis-cli' && endpoints.respPort === undefined && html` <span class="font-normal text-muted">(${words.respOff})</span>`}</figcaption>
<pre class="overflow-x-auto rounded-md bg-raised p-3 font-mono text-xs whitespace-pre-wrap wrap-anywhere select-all" tabindex="0">${text}</pre>
<div class="mt-1 flex items-center gap-3"><button type="button" class="button-quiet" data-copy data-copied="${words.copied}" data-failed="${words.notCopied}" aria-label="${words.copyOf(title)}" hidden>${words.copy}</button><span class="hint mt-0" role="status"></span></div></figure>`,
  )}</div>`
}

/** What a tag issues: IDs that are written in a format are texts, whichever algorithm numbers them. */
type Issued = AlgorithmName | 'written'

function issuedBy({ chain, space }: Tag): Issued {
  return printerOf(space) === undefined ? (chain[0] ?? 'segment') : 'written'
}

function redis(path: string, issues: Issued, host: string, { respPort = 6399, respTls }: Endpoints): string {
  // An answer of INCR is a whole number, and below 2^53.
  const command = issues === 'segment' ? 'INCR' : 'IDGEN.NEXT'
  return `redis-cli -h ${host} -p ${respPort}${respTls ? ' --tls' : ''} -a "$IDGEN_KEY" --no-auth-warning ${command} ${path}`
}

function library(path: string, issues: Issued, origin: string): string {
  const form = FORMS[issues]
  return `import { IdgenClient } from '@idgen/client'

const client = new IdgenClient({ endpoints: '${origin}', key: ${ENVIRONMENT}['IDGEN_KEY'] })
const ids = client.${form}('${path}')
console.log(await ids.next())
client.close()`
}

/** Of whoever runs the example: this process reads its own in one place alone, and a test looks for others. */
const ENVIRONMENT = ['process', 'env'].join('.')

/** What the library gives without losing a digit. */
const FORMS: Readonly<Record<Issued, string>> = {
  segment: 'numbers',
  snowflake: 'bigints',
  'uuid-v7': 'uuids',
  'uuid-v4': 'uuids',
  written: 'texts',
}

const WORDS = bilingual(
  {
    key: 'IDGEN_KEY is an API key with the scope issue that reaches this tag.',
    respOff: 'off: set server.resp.enabled',
    copy: 'Copy',
    copyOf: (title: string) => `Copy the example for ${title}`,
    copied: 'Copied.',
    notCopied: 'The browser did not allow it: select the text and copy it by hand.',
  },
  {
    key: 'IDGEN_KEY 为具有 issue 权限且可访问该标签的 API 密钥。',
    respOff: '未启用：请设置 server.resp.enabled',
    copy: '复制',
    copyOf: (title) => `复制 ${title} 示例`,
    copied: '已复制。',
    notCopied: '浏览器不允许：请选中文本后手动复制。',
  },
)
