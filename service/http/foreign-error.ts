import type { FastifyError } from 'fastify'
import { type ErrorCode, type FieldFault, IdgenError } from '../core/errors.ts'
import { NAME_PATTERN, NAME_RULE, PRINTABLE_PATTERN } from './name-pattern.ts'

/** Anything thrown while a request is served, as an error of ours: the one place that knows fastify's errors. */
export function requestError(thrown: unknown): IdgenError {
  if (thrown instanceof IdgenError || !(thrown instanceof Error)) return IdgenError.from(thrown)
  const error = thrown as FastifyError
  if (error.validation !== undefined) return validationError(error.validation)
  const known = FRAMEWORK_ERRORS[error.code]
  if (known !== undefined) return new IdgenError(known.code, known.text, { cause: error })
  const status = error.statusCode
  // Faults of the connection while a body is read, and of plugins, carry a status and no code known here.
  if (status !== undefined && status >= 400 && status < 500)
    return new IdgenError('IDGEN_REQUEST_INVALID', 'The request could not be understood.', { cause: error })
  return IdgenError.from(thrown)
}

const FRAMEWORK_ERRORS: Readonly<Record<string, { code: ErrorCode; text: string } | undefined>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: {
    code: 'IDGEN_BODY_TOO_LARGE',
    text: 'The body is larger than this server accepts; send less at a time.',
  },
  FST_ERR_CTP_INVALID_MEDIA_TYPE: {
    code: 'IDGEN_MEDIA_TYPE_UNSUPPORTED',
    text: 'Send the body as JSON, with "Content-Type: application/json".',
  },
  FST_ERR_CTP_INVALID_JSON_BODY: {
    code: 'IDGEN_REQUEST_INVALID',
    text: 'The body is not valid JSON, or it names __proto__ or constructor.prototype.',
  },
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: {
    code: 'IDGEN_REQUEST_INVALID',
    text: 'The body is shorter or longer than its Content-Length says.',
  },
  FST_ERR_BAD_URL: {
    code: 'IDGEN_REQUEST_INVALID',
    text: 'The path has a malformed percent-encoding.',
  },
  FST_ERR_MAX_PARAM_LENGTH: {
    code: 'IDGEN_REQUEST_INVALID',
    text: 'A part of the path is longer than any name or ID can be.',
  },
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
  const faults = found.map(fieldFault)
  const text = faults.slice(0, FAULTS_TOLD_MAX).map(({ path, message }) => `${path} ${message}`)
  const rest = faults.length - text.length
  if (rest > 0) text.push(`and ${rest} more`)
  return new IdgenError(codeOf(found), `${text.join('; ')}.`, { faults })
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
