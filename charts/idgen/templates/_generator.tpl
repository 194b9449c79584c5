{{/* "true" when the release makes an IdGenerator or BizTags, else nothing. */}}
{{- define "idgen.makesObjects" -}}
{{- if or .Values.generator.enabled .Values.bizTags -}}true{{- end -}}
{{- end -}}

{{/*
What the release makes of our kinds, as one JSON document. It cannot be part of the templates: Helm looks up every kind
before it makes the first object, and at the first installation the definitions are not there yet.
*/}}
{{- define "idgen.firstObjects" -}}
{{- $root := . -}}
{{- $labels := include "idgen.labels" (list . "generator") | fromYaml -}}
{{- $objects := list -}}
{{- if .Values.generator.enabled -}}
{{- $own := mergeOverwrite (deepCopy .Values.generator.labels) $labels -}}
{{- $metadata := dict "name" .Values.generator.name "namespace" .Release.Namespace "labels" $own "annotations" .Values.generator.annotations -}}
{{- $objects = append $objects (dict "apiVersion" "idgen.io/v1alpha1" "kind" "IdGenerator" "metadata" $metadata "spec" .Values.generator.spec) -}}
{{- end -}}
{{- range .Values.bizTags -}}
{{- $metadata := dict "name" .name "namespace" $root.Release.Namespace "labels" (mergeOverwrite (deepCopy (default dict .labels)) $labels) "annotations" (default dict .annotations) -}}
{{- $spec := merge (deepCopy .spec) (dict "generatorRef" (dict "name" $root.Values.generator.name)) -}}
{{- $objects = append $objects (dict "apiVersion" "idgen.io/v1alpha1" "kind" "BizTag" "metadata" $metadata "spec" $spec) -}}
{{- end -}}
{{- $selector := include "idgen.selector" (list . "generator") | fromYaml -}}
{{- dict "namespace" .Release.Namespace "selector" $selector "objects" $objects | toJson -}}
{{- end -}}

{{/* Paths of the BizTags of the release's own IdGenerator: w/groups/g/tags/t, separated by blanks. */}}
{{- define "idgen.ownTags" -}}
{{- $paths := list -}}
{{- range .Values.bizTags -}}
{{- if not (hasKey .spec "generatorRef") -}}
{{- $paths = append $paths (printf "workspaces/%s/groups/%s/tags/%s" .spec.workspace .spec.group .spec.tag) -}}
{{- end -}}
{{- end -}}
{{- join " " $paths -}}
{{- end -}}
