import assert from 'node:assert/strict'
import { test } from 'node:test'
import { definitionTemplate } from './chart-definitions.ts'

const DEFINITION = `# What it is.
kind: CustomResourceDefinition
metadata:
  name: things.idgen.io
  annotations:
    own: annotation
spec:
  # Kept.
  group: idgen.io
`

test('a definition becomes a template that adds labels and annotations, and changes nothing else', () => {
  assert.equal(
    definitionTemplate('crds/things.yaml', DEFINITION),
    `{{- /* Made by \`make generate\` from crds/things.yaml. Do not edit. */}}
{{- if .Values.crds.enabled }}
kind: CustomResourceDefinition
metadata:
  name: things.idgen.io
  labels:
    {{- include "idgen.labels" (list . "crds") | nindent 4 }}
  annotations:
    {{- with include "idgen.definitionAnnotations" . }}{{ . | nindent 4 }}{{ end }}
    own: annotation
spec:
  # Kept.
  group: idgen.io
{{- end }}
`,
  )
})

test('what helm would take for a template is refused', () => {
  assert.throws(
    () => definitionTemplate('crds/x.yaml', `${DEFINITION}  a: '{{'\n`),
    /crds\/x\.yaml contains \{\{/,
  )
})

test('annotations of anything but the definition itself do not count', () => {
  const without = DEFINITION.replace('  annotations:\n    own: annotation\n', '')
  assert.throws(() => definitionTemplate('crds/x.yaml', without), /needs metadata\.annotations/)
  assert.throws(
    () => definitionTemplate('crds/x.yaml', `${without}  annotations:\n    a: b\n`),
    /needs metadata\.annotations/,
  )
})
