/** What was asked with a key that was refused. */
export interface Attempt {
  /** As its protocol names it, without values: `DELETE /v1/keys/:key`, or the path of a gRPC method. */
  readonly operation: string
  /** To what it was to be done: `w`, `w/g`, `w/g/t` or the id of a key; undefined: unknown, or of another form. */
  readonly subject: string | undefined
  readonly traceId: string | undefined
}

/** A request over HTTP that its route is known of. */
interface RoutedRequest {
  readonly method: string
  readonly routeOptions: { readonly url?: string | undefined }
  readonly params: unknown
  readonly trace: { readonly traceId: string } | undefined
}

export function attemptOver({ method, routeOptions, params, trace }: RoutedRequest): Attempt {
  const { workspace, group, tag, key } = (params ?? {}) as Readonly<Record<string, string | undefined>>
  const subject = key ?? [workspace, group, tag].filter((part) => part !== undefined).join('/')
  return {
    operation: `${method} ${routeOptions.url ?? ''}`.trimEnd(),
    subject: subjectOf(subject),
    traceId: trace?.traceId,
  }
}

/**
 * The text of a stranger as the subject of an attempt. Nothing has checked it yet: only what has the form of names is kept, so
 * that no text of a key and nothing long gets into the audit log.
 */
export function subjectOf(text: string): string | undefined {
  return NAMES.test(text) ? text : undefined
}

/** One to three names of the catalogue (checkName); the id of a key is one too, and its text has capitals. */
const NAMES = /^[a-z0-9][a-z0-9._-]{0,62}(?:\/[a-z0-9][a-z0-9._-]{0,62}){0,2}$/
