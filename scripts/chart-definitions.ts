/**
 * A resource definition as a template of the chart: it is upgraded with the release (what lies in a chart's crds/ folder
 * never is), and stays when the release goes, unless crds.keep is off.
 */
export function definitionTemplate(source: string, text: string): string {
  if (text.includes('{{')) throw new Error(`${source} contains {{, which helm would take for a template`)
  const lines = text.trimEnd().split('\n')
  const annotations = lines.indexOf('  annotations:')
  // Below metadata, before spec: else it is of something else.
  if (annotations < 0 || annotations > lines.indexOf('spec:'))
    throw new Error(`${source} needs metadata.annotations, where the chart adds its own`)
  return [
    `{{- /* Made by \`make generate\` from ${source}. Do not edit. */}}`,
    '{{- if .Values.crds.enabled }}',
    ...lines.slice(0, annotations).filter((line) => !line.startsWith('#')),
    '  labels:',
    '    {{- include "idgen.labels" (list . "crds") | nindent 4 }}',
    '  annotations:',
    '    {{- with include "idgen.definitionAnnotations" . }}{{ . | nindent 4 }}{{ end }}',
    ...lines.slice(annotations + 1),
    '{{- end }}',
    '',
  ].join('\n')
}
