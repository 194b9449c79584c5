import {
  canonicalLayout,
  LAYOUT_FIELDS,
  LAYOUT_NAMES,
  type LayoutName,
  layoutFault,
  type TagLayout,
} from './tag-layout.ts'

/**
 * A tag's layout as a person writes it on a command line: its name, or `field=number` with commas between them. JSON is read
 * as well: it is what somebody copies from the API's answer.
 */
export function parseLayoutText(text: string): { readonly layout: TagLayout } | { readonly fault: string } {
  const given = text.startsWith('{')
    ? jsonOf(text)
    : (LAYOUT_NAMES.find((name) => name === text) ?? partsOf(text))
  if (given === undefined)
    return {
      fault: `Write ${LAYOUT_NAMES.join(' or ')}, or numbers with commas between them, as timeBits=41,sequenceBits=11 (fields: ${LAYOUT_FIELDS.join(', ')}).`,
    }
  if (isLayout(given)) return { layout: canonicalLayout(given) }
  return { fault: `A layout ${layoutFault(given)}.` }
}

/** undefined: it is no list of fields. Which fields a layout has, and which numbers, is for layoutFault to say. */
function partsOf(text: string): Record<string, number> | undefined {
  const parts = new Map<string, number>()
  for (const part of text.split(',')) {
    const [, field, number] = FIELD.exec(part.trim()) ?? []
    if (field === undefined || parts.has(field)) return undefined
    parts.set(field, Number(number))
  }
  return Object.fromEntries(parts)
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function isLayout(given: unknown): given is TagLayout | LayoutName {
  return layoutFault(given) === undefined
}

/** Fifteen figures are safe in a double. */
const FIELD = /^([A-Za-z]+)=(\d{1,15})$/
