import type { GeneratorView } from './generator-view.ts'
import { type Line, type Look, line, type Span, span, wrapped } from './styled-line.ts'
import { table } from './table.ts'
import { ago } from './time-span.ts'

/** Every revision that has a Deployment, and its pods. */
export function drawRevisions({ generator }: GeneratorView, look: Look): Line[] {
  const { status } = generator
  const revisions = status?.revisions ?? []
  if (revisions.length === 0) return []
  const role = (revision: string): Span => {
    if (revision === status?.stableRevision) return span('stable', 'good')
    if (revision === status?.canaryRevision) return span('canary', 'wait')
    const blocked = status?.blockedRevisions?.some((one) => one.revision === revision) === true
    return blocked ? span('blocked', 'bad') : span('old', 'faint')
  }
  const order = ({ revision }: { revision: string }): number =>
    ['canary', 'stable', 'blocked', 'old'].indexOf(role(revision).text)
  const rows = revisions
    .toSorted((a, b) => order(a) - order(b))
    .map(({ revision, image = '', desired = 0, available = 0 }) => [
      span(revision, 'name'),
      role(revision),
      span(`${available}/${desired}`, available < desired ? 'wait' : 'plain'),
      image,
    ])
  return [line(span('Revisions', 'strong')), ...table(['REVISION', 'ROLE', 'PODS', 'IMAGE'], rows, look), []]
}

/** Revisions that are not tried again by themselves. */
export function drawBlocked({ generator, nowMs, flags }: GeneratorView, look: Look): Line[] {
  const blocked = generator.status?.blockedRevisions ?? []
  if (blocked.length === 0) return []
  return [
    line(span('Blocked', 'strong'), span('  until the spec changes or somebody retries them', 'faint')),
    ...blocked.flatMap(({ revision, reason = '', message = '', at, image }) => [
      line(
        '  ',
        span(revision, 'name'),
        '  ',
        span(reason, 'bad'),
        span(`  ${ago(at, nowMs)}`, 'faint'),
        image === undefined ? '' : `  ${image}`,
      ),
      ...(message === '' ? [] : wrapped(message, look, 4)),
    ]),
    line('  ', span(`kubectl idgen retry ${generator.metadata.name}${flags}`, 'name'), '  tries again'),
    [],
  ]
}
