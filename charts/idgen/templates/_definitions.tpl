{{/* Annotations of a resource definition beside its own: what keeps it at `helm uninstall`, and what people give. */}}
{{- define "idgen.definitionAnnotations" -}}
{{- $keep := ternary (dict "helm.sh/resource-policy" "keep") dict .Values.crds.keep -}}
{{- $given := omit .Values.crds.annotations "api-approved.kubernetes.io" "helm.sh/resource-policy" -}}
{{- merge $keep $given | toYaml | trimAll "{}" -}}
{{- end -}}
