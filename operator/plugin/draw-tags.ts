import type { BizTag, IdGenerator } from '../api/kinds.ts'
import { condition, type GeneratorView, isReady } from './generator-view.ts'
import { type Line, type Look, line, span, type Tone, wrapped } from './styled-line.ts'
import { type Symbols, symbolsFor } from './symbols.ts'
import { type Cell, table } from './table.ts'

/** How many are ready, and what is wrong with those that are not. */
export function drawTagSummary({ generator, tags, flags }: GeneratorView, look: Look): Line[] {
  const { total = tags.length, ready = tags.filter(isReady).length } = generator.status?.bizTags ?? {}
  if (total === 0)
    return [line(span('Tags', 'strong'), span('  none yet: kubectl apply a BizTag', 'faint')), []]
  const unready = tags.filter((tag) => !isReady(tag))
  const shown = unready.slice(0, SHOWN_MAX).flatMap((tag) => drawUnready(tag, look))
  const more = unready.length - SHOWN_MAX
  return [
    line(span('Tags', 'strong'), '  ', span(`${ready} of ${total} ready`, ready < total ? 'wait' : 'good')),
    ...shown,
    ...(more > 0 ? [line(`  and ${more} more: kubectl idgen tags ${generator.metadata.name}${flags}`)] : []),
    [],
  ]
}

function drawUnready(tag: BizTag, look: Look): Line[] {
  const { reason, message } = readiness(tag)
  const title = line('  ', span(pathOf(tag), 'name'), '  ', span(reason, 'bad'))
  return [title, ...(message === '' ? [] : wrapped(message, look, 4))]
}

/** All of them with how full they are, the fullest data centre first. */
export function drawTagTable(generator: IdGenerator, tags: readonly BizTag[], look: Look): Line[] {
  const { name, namespace = '' } = generator.metadata
  if (tags.length === 0) {
    const none = `No BizTag names ${namespace}/${name} yet. Make one with kubectl apply; see kubectl explain bt.spec.`
    return wrapped(none, look, 0)
  }
  const symbols = symbolsFor(look)
  const rows = tags
    .toSorted((a, b) => percentOf(b) - percentOf(a) || pathOf(a).localeCompare(pathOf(b)))
    .map((tag): Cell[] => {
      const ready = isReady(tag)
      const of = tag.metadata.namespace === namespace ? '' : `${tag.metadata.namespace}/`
      return [
        span(pathOf(tag), 'name'),
        ready ? span(symbols.done, 'good') : span(symbols.failed, 'bad'),
        tag.status?.algorithm ?? '-',
        usage(tag, symbols),
        perDataCentre(tag),
        span(`${of}${tag.metadata.name}`, 'faint'),
      ]
    })
  const unready = tags.filter((tag) => !isReady(tag))
  return [
    ...table(['TAG', 'READY', 'ALGORITHM', 'USED', 'PER DC', 'BIZTAG'], rows, look),
    ...(unready.length === 0 ? [] : [[], ...unready.flatMap((tag) => drawUnready(tag, look))]),
  ]
}

function usage(tag: BizTag, { full, empty }: Symbols): Line {
  if (tag.status?.usedPercent === undefined) return [span('-')]
  const percent = percentOf(tag)
  // Above 80 % the next number space must be thought of, at the end there are no more numbers.
  const tone: Tone = percent >= 95 ? 'bad' : percent >= 80 ? 'wait' : 'good'
  const filled = Math.min(BAR_WIDTH, Math.round((percent / 100) * BAR_WIDTH))
  return line(
    span(full.repeat(filled), tone),
    span(empty.repeat(BAR_WIDTH - filled), 'faint'),
    ` ${tag.status.usedPercent}%`,
  )
}

function perDataCentre({ status }: BizTag): string {
  const parts = (status?.datacenters ?? []).map(({ id, usedPercent = '?' }) => `${id}:${usedPercent}%`)
  return parts.length === 0 ? '-' : parts.join(' ')
}

export function pathOf({ spec }: BizTag): string {
  return `${spec.workspace}/${spec.group}/${spec.tag}`
}

function percentOf({ status }: BizTag): number {
  return Number(status?.usedPercent ?? 0)
}

function readiness({ status }: BizTag): { readonly reason: string; readonly message: string } {
  return condition(status?.conditions, 'Ready') ?? { reason: 'NotLookedAtYet', message: '' }
}

/** A status is to fit a screen. */
const SHOWN_MAX = 5
const BAR_WIDTH = 8
