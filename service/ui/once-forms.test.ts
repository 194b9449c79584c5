import assert from 'node:assert/strict'
import { test } from 'node:test'
import { walkPages } from '../../test/fixtures/ui-walk.ts'

/** Forms of which a second answer is as good as the first one, each with why. */
const MAY_COME_TWICE: readonly (readonly [why: string, form: RegExp])[] = [
  ['signs in or out, or sets a cookie', /^<form [^>]*action="\/ui\/(?:sign-in|sign-out|preferences)"/],
  ['is answered within its page', /^<form [^>]*hx-post="/],
  ['shows what would be changed', /^<form [^>]*action="\/ui\/tags\/batch"(?![\s\S]*name="confirmed")/],
  ['shows what would be made', /^<form [\s\S]*<textarea id="lines"/],
]

test('a form that makes, changes or deletes something is sent once, however often its button is pressed', async (t) => {
  const pages = await walkPages(t, 'en')
  const forms = pages.flatMap(({ name, text }) =>
    [...text.matchAll(/<form [^>]*method="post"[\s\S]*?<\/form>/g)].map(([form]) => ({ name, form })),
  )
  const [unused, changing] = [
    MAY_COME_TWICE.filter(([, kind]) => !forms.some(({ form }) => kind.test(form))),
    forms.filter(({ form }) => !MAY_COME_TWICE.some(([, kind]) => kind.test(form))),
  ]
  assert.deepEqual(unused, [], 'allowed, but nowhere to be seen')
  assert.ok(changing.length > 20, `${changing.length}`)
  const careless = changing.filter(({ form }) => !/^<form [^>]*\bdata-once\b/.test(form))
  assert.deepEqual(
    careless.map(({ name, form }) => `${name}: ${form.slice(0, 80)}`),
    [],
  )
})
