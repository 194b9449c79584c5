import type {
  BizTagStatus,
  BizTagStatusCredentials,
  BizTagStatusDatacenter,
} from '../api/generated/biz-tag.ts'
import type { BizTag } from '../api/kinds.ts'
import { capacityOf, datacenterStatus, fullest } from './biz-tag-capacity.ts'
import { type BizTagFacts, conditionOf, conditionsOf, type Fact, no, yes } from './biz-tag-conditions.ts'
import { type DeclaredTag, pathOf, pathText } from './biz-tag-declaration.ts'

/** How the secret of the tag stands; undefined in `BizTagOutcome`: none is wanted. */
export interface CredentialsState {
  readonly fact: Fact
  readonly credentials: BizTagStatusCredentials | undefined
}

/** What a reconcile came to. */
export type BizTagOutcome =
  /** Nothing could be declared. */
  | {
      readonly kind: 'not-declared'
      readonly ready: Fact
      readonly stalled: boolean
      /** undefined: as they were. */
      readonly credentials?: CredentialsState | undefined
      /** Refused because the tag has another number space: its layout; undefined: as the status has it. */
      readonly madeLayout?: string | undefined
    }
  | {
      readonly kind: 'declared'
      /** As the service has it; undefined: as the status has it already. */
      readonly tag: DeclaredTag | undefined
      /** Of the IdGenerator, the one whose numbers are asked for. */
      readonly datacenter: number
      /** Nothing comes after the numbers: where they end, the tag does. */
      readonly onlyNumbers: boolean
      readonly credentials: CredentialsState | undefined
    }

/** The whole status after `outcome`: what is unknown now is as it was. `now` is RFC 3339 text. */
export function bizTagStatus(tag: BizTag, outcome: BizTagOutcome, now: string): BizTagStatus {
  const { generation = 1 } = tag.metadata
  const previous = tag.status ?? {}
  const known = outcome.kind === 'declared' ? declaredPart(previous, outcome) : waitingPart(previous, outcome)
  const facts = outcome.kind === 'declared' ? declaredFacts(tag, known, outcome) : waitingFacts(tag, outcome)
  return {
    observedGeneration: generation,
    conditions: conditionsOf(facts, previous.conditions ?? [], generation, now),
    path: pathText(pathOf(tag)),
    ...known,
  }
}

type KnownPart = Pick<
  BizTagStatus,
  'algorithm' | 'tagId' | 'madeLayout' | 'usedPercent' | 'datacenters' | 'credentials'
>

function knownPart({
  algorithm,
  tagId,
  madeLayout,
  usedPercent,
  datacenters,
  credentials,
}: BizTagStatus): KnownPart {
  return {
    ...(madeLayout === undefined ? {} : { madeLayout }),
    ...(algorithm === undefined ? {} : { algorithm }),
    ...(tagId === undefined ? {} : { tagId }),
    ...(usedPercent === undefined ? {} : { usedPercent }),
    ...(datacenters === undefined ? {} : { datacenters }),
    ...(credentials === undefined ? {} : { credentials }),
  }
}

function declaredPart(
  previous: BizTagStatus,
  { tag, credentials }: Extract<BizTagOutcome, { kind: 'declared' }>,
): KnownPart {
  const { credentials: _, ...before } = knownPart(previous)
  const secret = credentials?.credentials === undefined ? {} : { credentials: credentials.credentials }
  if (tag === undefined) return { ...before, ...secret }
  const datacenters = tag.datacenters.map(datacenterStatus)
  const usedPercent = fullest(datacenters.map((each) => each.usedPercent))
  return {
    ...(tag.chain[0] === undefined ? {} : { algorithm: tag.chain[0] }),
    tagId: tag.id,
    ...(usedPercent === undefined ? {} : { usedPercent }),
    ...(datacenters.length === 0 ? {} : { datacenters }),
    ...secret,
  }
}

function waitingPart(
  previous: BizTagStatus,
  { credentials, madeLayout }: Extract<BizTagOutcome, { kind: 'not-declared' }>,
): KnownPart {
  const { credentials: before, ...known } = knownPart(previous)
  const now = credentials === undefined ? before : credentials.credentials
  return {
    ...known,
    ...(madeLayout === undefined ? {} : { madeLayout }),
    ...(now === undefined ? {} : { credentials: now }),
  }
}

function waitingFacts(
  tag: BizTag,
  { ready, stalled, credentials }: Extract<BizTagOutcome, { kind: 'not-declared' }>,
): BizTagFacts {
  const before = (type: 'SegmentsInitialized' | 'CapacityAvailable' | 'CredentialsReady'): Fact => {
    const condition = conditionOf(tag.status?.conditions, type)
    return condition === undefined
      ? { status: 'Unknown', reason: ready.reason, message: 'Nothing is known of it yet.' }
      : { status: condition.status, reason: condition.reason, message: condition.message }
  }
  return {
    Ready: ready,
    Accepted: stalled ? no(ready.reason, ready.message) : { ...ready, status: 'Unknown' },
    SegmentsInitialized: before('SegmentsInitialized'),
    CapacityAvailable: before('CapacityAvailable'),
    ...(tag.spec.credentialsSecret === undefined
      ? {}
      : { CredentialsReady: credentials?.fact ?? before('CredentialsReady') }),
    ...(stalled ? { Stalled: yes(ready.reason, ready.message) } : {}),
    ...(stalled ? {} : { Reconciling: yes(ready.reason, ready.message) }),
  }
}

function declaredFacts(
  tag: BizTag,
  known: KnownPart,
  { datacenter, onlyNumbers, credentials }: Extract<BizTagOutcome, { kind: 'declared' }>,
): BizTagFacts {
  const path = pathText(pathOf(tag))
  const place = known.datacenters?.find(({ id }) => id === datacenter)
  const segments = segmentsFact(known.algorithm, place, datacenter)
  const capacity = capacityFact(place)
  const secret = credentials?.fact
  const ended =
    onlyNumbers && capacity.reason === 'Exhausted' ? no('CapacityExhausted', capacity.message) : undefined
  const open = [segments, ended, secret].filter((fact) => fact !== undefined && fact.status !== 'True')
  return {
    Ready: open[0] ?? yes('Ready', `${path} gives IDs.`),
    Accepted: yes('Declared', `The service has the tag as spec wants it.`),
    SegmentsInitialized: segments,
    CapacityAvailable: capacity,
    ...(secret === undefined ? {} : { CredentialsReady: secret }),
    ...(open[0] === undefined || open[0] === ended
      ? {}
      : { Reconciling: yes(open[0].reason, open[0].message) }),
  }
}

function segmentsFact(
  algorithm: string | undefined,
  place: BizTagStatusDatacenter | undefined,
  datacenter: number,
): Fact {
  if (algorithm !== 'segment')
    return yes('NotNeeded', `The tag begins with ${algorithm}, which needs no number range.`)
  if (place === undefined)
    return no(
      'RangeNotOpen',
      `Data centre ${datacenter} has no number range of the tag yet; it is asked for again.`,
    )
  return yes(
    'Initialized',
    `Data centre ${datacenter} issues from the range ${place.rangeStart} to ${place.rangeEnd} (exclusive).`,
  )
}

function capacityFact(place: BizTagStatusDatacenter | undefined): Fact {
  if (place?.usedPercent === undefined)
    return { status: 'Unknown', reason: 'Unknown', message: 'No number range is open yet.' }
  const { usedPercent, id } = place
  const capacity = capacityOf(usedPercent)
  if (capacity === 'Available')
    return yes('Available', `Data centre ${id} has used less than 80 % of its numbers.`)
  return capacity === 'Exhausted'
    ? no(
        'Exhausted',
        `Data centre ${id} has used all its numbers: IDs come from the next algorithm of the chain, or not at all. Use another tag.`,
      )
    : no(
        'Above80Percent',
        `Data centre ${id} has used more than 80 % of its numbers: plan a new tag, or let the chain go on with snowflake.`,
      )
}
