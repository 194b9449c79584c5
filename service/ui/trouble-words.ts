import type { Trouble } from '../app/readiness.ts'
import { type Html, html } from './html.ts'
import type { Visit } from './visit.ts'

/**
 * What works only in part, in the language of the page. Why is an English sentence, as in the log and on /readyz, and often of somebody
 * else's program: in Chinese it stands behind what the trouble means.
 */
export function troubleText({ preferences: { language } }: Visit, { what, why }: Trouble): Html {
  if (language === 'en') return html`<strong>${what}</strong>: ${why}`
  const { name, means } = inChinese(what)
  return html`<strong>${name}</strong>：${means}<span lang="en" class="ml-1">${why}</span>`
}

interface Meaning {
  readonly name: string
  readonly means: string
}

function inChinese(what: string): Meaning {
  for (const [pattern, meaning] of MEANINGS_ZH) {
    const found = pattern.exec(what)
    if (found !== null) return meaning(found[1] ?? '')
  }
  return { name: what, means: '仅部分可用。' }
}

/** Of everything that reports a trouble to Readiness; trouble-words.test.ts holds it against the sources. */
export const MEANINGS_ZH: readonly (readonly [RegExp, (value: string) => Meaning])[] = [
  [/^database$/, () => ({ name: '数据库', means: '暂不可用，凭内存中的号段继续发号。' })],
  [/^snowflake$/, () => ({ name: '雪花 ID', means: '部分或全部工作机器编号无法发号。' })],
  [/^time grant$/, () => ({ name: '时间授权', means: '续期失败，到期前仍可继续发号。' })],
  [/^rate limits$/, () => ({ name: '限流', means: '无法与其他进程共享计数，各进程单独限流。' })],
  [/^redis$/, () => ({ name: 'Redis', means: '缓存不可用，发号不受影响。' })],
  [/^etcd$/, () => ({ name: 'etcd', means: '暂不可用，与其他数据中心的同步暂停。' })],
  [/^witness$/, () => ({ name: '见证记录', means: '无法访问，数据库可能暂停发放号码。' })],
  [/^copies of time grants$/, () => ({ name: '时间授权的副本', means: '落后于 etcd。' })],
  [/^data centre$/, () => ({ name: '数据中心', means: '其编号的归属存在问题。' })],
  [/^protocol thread (\d+)$/, (number) => ({ name: `协议线程 ${number}`, means: '无法应答。' })],
  [/^tag (.+)$/, (path) => ({ name: `标签 ${path}`, means: '未使用首选算法，或无法发号。' })],
]
