import type { FastifyRequest } from 'fastify'
import { type Html, html } from './html.ts'
import { bilingual, LANGUAGE_TAGS } from './language.ts'
import { ownPath } from './own-path.ts'
import type { Visit } from './visit.ts'

/**
 * Somebody follows a link on a page of another site. The session's cookie is SameSite=Strict, so the browser leaves it out
 * of this request and nobody knows yet who asks; it sends it with the next one, which begins on a page of ours. Over plain
 * HTTP browsers do not say so (but for localhost): then the form to sign in comes, and the session is still there.
 */
export function isLinkFromElsewhere({
  method,
  headers,
}: Pick<FastifyRequest, 'method' | 'headers'>): boolean {
  return method === 'GET' && headers['sec-fetch-site'] === 'cross-site'
}

/** A page that leads to itself, at once; without the header of another site it is not asked for a second time. */
export function passingPage({ url, preferences, say }: Visit): Html {
  const path = ownPath(url)
  const words = say(WORDS)
  return html`<!doctype html>
<html lang="${LANGUAGE_TAGS[preferences.language]}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<meta http-equiv="refresh" content="0; url=${path}">
<title>idgen</title>
</head>
<body><main><h1>idgen</h1><p><a href="${path}">${words.on}</a></p></main></body>
</html>
`
}

const WORDS = bilingual({ on: 'Go on to the page' }, { on: '继续前往页面' })
