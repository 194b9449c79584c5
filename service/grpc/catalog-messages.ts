import type { TagRequest } from '../app/tag-request.ts'
import { IdgenError } from '../core/errors.ts'
import { type IdFormat, readFormat } from '../core/id-format.ts'
import { checkName, type NumberSpace, type StepBounds, type Tag, tagPath } from '../core/tag.ts'
import { canonicalLayout } from '../core/tag-layout.ts'
import type { Group, Workspace } from '../ports/catalog-store.ts'
import { ALGORITHM_ENUM, algorithmName, requiredAlgorithmName } from './algorithm-enum.ts'
import type {
  Group as GroupMessage,
  NumberFormat as NumberFormatMessage,
  NumberSpace as NumberSpaceMessage,
  SnowflakeLayout as SnowflakeLayoutMessage,
  StepBounds as StepBoundsMessage,
  Tag as TagMessage,
  Workspace as WorkspaceMessage,
} from './generated/idgen/v1/catalog_service.ts'

export function workspaceMessage(workspace: Workspace): WorkspaceMessage {
  const { name, displayName, version, createdAt, updatedAt } = workspace
  return { workspace: name, displayName, version, createdAt, updatedAt }
}

export function groupMessage(group: Group): GroupMessage {
  const { workspace, name, displayName, version, createdAt, updatedAt } = group
  return { group: `${workspace}/${name}`, displayName, version, createdAt, updatedAt }
}

export function tagMessage(tag: Tag): TagMessage {
  const { displayName, chain, step, space, version, createdAt, updatedAt } = tag
  return {
    tag: tagPath(tag),
    displayName,
    chain: chain.map((name) => ALGORITHM_ENUM[name]),
    step: { ...step },
    space: spaceMessage(space),
    version,
    createdAt,
    updatedAt,
  }
}

function spaceMessage({ startAt, cellSize, dcCount, format }: NumberSpace): NumberSpaceMessage {
  return {
    startAt: String(startAt),
    cellSize: String(cellSize),
    dcCount,
    format: format === undefined ? undefined : formatMessage(format),
  }
}

function formatMessage({ snowflake, ...rest }: IdFormat): NumberFormatMessage {
  if (snowflake === undefined) return { ...rest }
  const layout = canonicalLayout(snowflake)
  return { ...rest, snowflake: { ...layout, epochMs: String(layout.epochMs) } }
}

/** @throws IDGEN_NAME_INVALID unless it is `workspace/group` with two valid names */
export function parseGroupPath(path: string): { workspace: string; name: string } {
  const [workspace, name, ...rest] = path.split('/', 3)
  if (workspace === undefined || name === undefined || rest.length > 0)
    throw new IdgenError(
      'IDGEN_NAME_INVALID',
      `${JSON.stringify(path.slice(0, 200))} is not a group: write workspace/group.`,
    )
  return { workspace: checkName('workspace', workspace), name: checkName('group', name) }
}

interface TagFields {
  readonly displayName?: string | undefined
  readonly algorithm: number
  readonly chain: readonly number[]
  readonly step?: StepBoundsMessage | undefined
  readonly space?: NumberSpaceMessage | undefined
}

/** What is unset or empty in the message is left out. @throws IDGEN_REQUEST_INVALID */
export function tagRequest(message: TagFields): TagRequest {
  // Four algorithms exist; a longer list holds a repeat, and would be millions of names in an error text.
  if (message.chain.length > CHAIN_MAX)
    throw new IdgenError('IDGEN_REQUEST_INVALID', `chain names ${message.chain.length} algorithms.`, {
      faults: [{ path: '/chain', message: `must name at most ${CHAIN_MAX} algorithms` }],
    })
  return {
    displayName: message.displayName,
    algorithm: algorithmName(message.algorithm, '/algorithm'),
    chain:
      message.chain.length === 0
        ? undefined
        : message.chain.map((value) => requiredAlgorithmName(value, '/chain')),
    step: stepBounds(message.step),
    space: numberSpace(message.space),
  }
}

const CHAIN_MAX = 8

/** Undefined members would overwrite defaults, so they are left out. */
function stepBounds({ base, min, max }: StepBoundsMessage = {}): Partial<StepBounds> {
  return {
    ...(base === undefined ? {} : { base }),
    ...(min === undefined ? {} : { min }),
    ...(max === undefined ? {} : { max }),
  }
}

/** Values of 2^53 and more become doubles that are no safe integers, which the tag's own rules refuse. */
function numberSpace({ startAt, cellSize, dcCount, format }: NumberSpaceMessage = {}): Partial<NumberSpace> {
  return {
    ...(startAt === undefined ? {} : { startAt: Number(startAt) }),
    ...(cellSize === undefined ? {} : { cellSize: Number(cellSize) }),
    ...(dcCount === undefined ? {} : { dcCount }),
    ...(format === undefined ? {} : { format: numberFormat(format) }),
  }
}

/** @throws IDGEN_REQUEST_INVALID with every fault: unlike over HTTP no schema has looked at it */
function numberFormat(message: NumberFormatMessage): IdFormat {
  const { snowflake, ...rest } = message
  const read = readFormat('/space/format', {
    ...rest,
    ...(snowflake && { snowflake: layoutValue(snowflake) }),
  })
  if ('format' in read) return read.format
  const text = read.faults.map((fault) => `${fault.path} ${fault.message}`).join('; ')
  throw new IdgenError('IDGEN_REQUEST_INVALID', text, { faults: read.faults })
}

/** A name alone, or the widths; of both, the name stays among them and is refused. */
function layoutValue({ epochMs, name, ...widths }: SnowflakeLayoutMessage): unknown {
  const given = Object.entries({
    ...widths,
    name,
    epochMs: epochMs === undefined ? undefined : Number(epochMs),
  }).filter(([, value]) => value !== undefined)
  return name !== undefined && given.length === 1 ? name : Object.fromEntries(given)
}
