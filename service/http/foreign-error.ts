import type { FastifyError } from 'fastify'
import { frameworkError } from '../app/framework-error.ts'
import { type ErrorCode, type FieldFault, IdgenError } from '../core/errors.ts'
import { layoutFault } from '../core/tag-layout.ts'
import { NAME_PATTERN, NAME_RULE, PRINTABLE_PATTERN } from './name-pattern.ts'

/** Anything thrown while a request of the API is served, as an error of ours: also what ajv finds in it. */
export function requestError(thrown: unknown): IdgenError {
  const validation = thrown instanceof Error ? (thrown as FastifyError).validation : undefined
  return validation === undefined ? frameworkError(thrown) : validationError(validation)
}

/** What ajv says of one fault; `data` is there because ajv runs with `verbose`. */
interface AjvFault {
  readonly keyword: string
  readonly instancePath: string
  readonly params: Readonly<Record<string, unknown>>
  readonly message?: string
  readonly data?: unknown
}

function validationError(found: readonly AjvFault[]): IdgenError {
  const faults = withoutChoices(found).map(fieldFault)
  const text = faults.slice(0, FAULTS_TOLD_MAX).map(({ path, message }) => `${path} ${message}`)
  const rest = faults.length - text.length
  if (rest > 0) text.push(`and ${rest} more`)
  return new IdgenError(codeOf(found), `${text.join('; ')}.`, { faults })
}

/** Of a layout, which is a name or an object, ajv tells why it is neither; what is wrong with it is told once, below. */
function withoutChoices(found: readonly AjvFault[]): readonly AjvFault[] {
  const layouts = found.filter(isOfLayout).map(({ instancePath }) => instancePath)
  return found.filter(
    (fault) => isOfLayout(fault) || !layouts.some((path) => isWithin(fault.instancePath, path)),
  )
}

function isOfLayout({ keyword, instancePath }: AjvFault): boolean {
  return keyword === 'anyOf' && instancePath.endsWith('/space/format/snowflake')
}

function isWithin(path: string, above: string): boolean {
  return path === above || path.startsWith(`${above}/`)
}

/** The sentence names the first few; `faults` has them with their paths. */
const FAULTS_TOLD_MAX = 5

/** Faults of one kind have a code of their own, the same as on other protocols; a mixture is just not valid. */
function codeOf(faults: readonly AjvFault[]): ErrorCode {
  if (faults.every((fault) => fault.instancePath === '/count' && BOUNDS.includes(fault.keyword)))
    return 'IDGEN_COUNT_OUT_OF_RANGE'
  if (faults.every((fault) => fault.keyword === 'pattern' && fault.params['pattern'] === NAME_PATTERN))
    return 'IDGEN_NAME_INVALID'
  return 'IDGEN_REQUEST_INVALID'
}

const BOUNDS: readonly string[] = ['minimum', 'maximum']

function fieldFault(fault: AjvFault): FieldFault {
  const path = fault.instancePath
  const { additionalProperty, missingProperty } = fault.params
  if (typeof additionalProperty === 'string')
    return { path: `${path}/${pointerPart(additionalProperty)}`, message: 'is not known here' }
  if (typeof missingProperty === 'string')
    return { path: `${path}/${pointerPart(missingProperty)}`, message: 'is required' }
  const ofLayout = isOfLayout(fault) ? layoutFault(fault.data) : undefined
  if (ofLayout !== undefined) return { path, message: ofLayout }
  return { path: path === '' ? '/' : path, message: `${ruleOf(fault)}, not ${shown(fault.data)}` }
}

function ruleOf({ params, message }: AjvFault): string {
  const { allowedValues, pattern } = params
  if (Array.isArray(allowedValues)) return `must be one of ${allowedValues.join(', ')}`
  // A person should not have to read a regular expression.
  if (pattern === NAME_PATTERN) return `must be ${NAME_RULE}`
  if (pattern === PRINTABLE_PATTERN) return 'must hold no control characters'
  return message ?? 'is not valid'
}

/** JSON pointer escapes (RFC 6901). The name is the caller's: cut, so that an answer stays small. */
function pointerPart(name: string): string {
  return name.slice(0, SHOWN_MAX).replaceAll('~', '~0').replaceAll('/', '~1')
}

const SHOWN_MAX = 80

function shown(value: unknown): string {
  // Never printed whole: nesting as deep as a body allows would overflow the stack of any printer.
  if (Array.isArray(value)) return 'an array'
  if (typeof value === 'object' && value !== null) return 'an object'
  // JSON has no infinity: a number such as 1e400 would otherwise be shown as null.
  const text = typeof value === 'string' ? JSON.stringify(value.slice(0, SHOWN_MAX)) : String(value)
  return text.length <= SHOWN_MAX ? text : `${text.slice(0, SHOWN_MAX)}…`
}
