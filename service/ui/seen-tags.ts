import { IdgenError } from '../core/errors.ts'
import { type RowResult, rowResult } from '../core/row-result.ts'
import { type Tag, tagPath } from '../core/tag.ts'

/**
 * Which tags a preview said that it would change, and as what it saw them: the form that confirms it carries them along, so
 * that what is carried out is what was looked at, and nothing that came in between.
 */
export const SEEN = 'seen'

/** Path, generation, version: none of them holds a blank. */
export function seenText(tag: Tag): string {
  return `${tagPath(tag)} ${tag.generation} ${tag.version}`
}

/** By path. */
export function seenTags(form: URLSearchParams): ReadonlyMap<string, string> {
  return new Map(form.getAll(SEEN).map((text) => [text.split(' ', 1)[0] ?? '', text]))
}

/** Refuses what is not as it was seen. A form that carries none was filled in by a program, without a preview. */
export function onlyAsSeen<F extends { readonly path: string; readonly tag: RowResult<Tag> }>(
  found: readonly F[],
  seen: ReadonlyMap<string, string>,
): readonly F[] {
  if (seen.size === 0) return found
  return found.map((one) => {
    const { path, tag } = one
    return 'refused' in tag ? one : { ...one, tag: rowResult(() => asSeen(tag.value, seen.get(path))) }
  })
}

/** @throws IDGEN_VERSION_MISMATCH */
function asSeen(tag: Tag, seen: string | undefined): Tag {
  if (seen === seenText(tag)) return tag
  const path = tagPath(tag)
  const [, generation] = seen?.split(' ') ?? []
  throw new IdgenError(
    'IDGEN_VERSION_MISMATCH',
    `${why(path, tag, generation)} Look at it again before you change it.`,
  )
}

function why(path: string, tag: Tag, generation: string | undefined): string {
  if (generation === undefined) return `The preview did not say that it would change the tag ${path}.`
  return generation === tag.generation
    ? `The tag ${path} was changed by somebody else since the preview.`
    : `The tag ${path} of the preview was deleted, and another one made of its name.`
}
