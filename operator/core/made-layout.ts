import type { BizTag } from '../api/kinds.ts'
import { pathOf, pathText } from './biz-tag-declaration.ts'
import type { FailureVerdict } from './biz-tag-failure.ts'
import { settingsBelow, type TagSettings } from './tag-settings.ts'

/** The snowflake layout of a tag, for the status of an object that was refused because it says something else. */
export function madeLayoutOf(settings: TagSettings): string {
  const fields = settingsBelow(settings, 'space.format.snowflake.')
  return fields.length === 0 ? ALL_TAGS : fields.map(([name, value]) => `${name}=${value}`).join(',')
}

/**
 * Why the object may not declare its tag any more: it was refused because the tag that is there has another number space. Were
 * that tag lost in a restore, the declaration would make it again with numbers that it gave before. spec.space never changes,
 * so this holds for as long as the object is there.
 */
export function madeOtherwise(tag: BizTag): FailureVerdict | undefined {
  const made = tag.status?.madeLayout
  if (made === undefined) return undefined
  const path = pathText(pathOf(tag))
  return {
    reason: 'SpecInvalid',
    message: `The tag ${path} was made with another number space than spec.space says (its snowflake layout: ${made}), and is left alone, also if the service loses it. Delete this BizTag (deletionPolicy Retain keeps the tag) and apply it with the tag's own space, or with another tag.`,
    stalled: true,
    outage: false,
    againMs: undefined,
  }
}

const ALL_TAGS = 'that of all tags'
