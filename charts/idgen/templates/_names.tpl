{{/* The chart's name, for labels. */}}
{{- define "idgen.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 53 | trimSuffix "-" -}}
{{- end -}}

{{/* What the names of all objects begin with. A release called idgen does not become idgen-idgen. */}}
{{- define "idgen.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride -}}
{{- else if contains (include "idgen.name" .) .Release.Name -}}
{{- .Release.Name -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name (include "idgen.name" .) -}}
{{- end -}}
{{- end -}}

{{/*
(list . "operator") → <fullname>-operator, at most 63 characters. What is cut off leaves a hash, so that two long names
that differ at their end only stay two.
*/}}
{{- define "idgen.object" -}}
{{- $base := include "idgen.fullname" (index . 0) -}}
{{- $suffix := index . 1 -}}
{{- $room := sub 62 (len $suffix) | int -}}
{{- if gt (len $base) $room -}}
{{- $base = printf "%s-%s" (trunc (sub $room 9 | int) $base | trimSuffix "-") (sha256sum $base | trunc 8) -}}
{{- end -}}
{{- printf "%s-%s" $base $suffix -}}
{{- end -}}

{{/* Secret with the certificate of the operator's port; nothing where that speaks no TLS. --reuse-values of a chart before it has no metrics.tls. */}}
{{- define "idgen.statusSecret" -}}
{{- $tls := default dict .Values.metrics.tls -}}
{{- if or $tls.secretName $tls.issuerRef -}}
{{- default (include "idgen.object" (list . "operator-tls")) $tls.secretName -}}
{{- end -}}
{{- end -}}

{{/* What callers in the cluster call the operator, and its certificate must bear. */}}
{{- define "idgen.statusHost" -}}
{{- include "idgen.object" (list . "operator") }}.{{ .Release.Namespace }}.svc
{{- end -}}

{{- define "idgen.serviceAccount" -}}
{{- $name := .Values.serviceAccount.name -}}
{{- if and (not .Values.serviceAccount.create) (not $name) -}}
{{- fail "serviceAccount.name is missing: with serviceAccount.create=false it names the ServiceAccount that is there already" -}}
{{- end -}}
{{- default (include "idgen.object" (list . "operator")) $name -}}
{{- end -}}

{{/* Of every object. commonLabels add, and replace none: selectors rest on them. (list . "operator") */}}
{{- define "idgen.labels" -}}
{{- $root := index . 0 -}}
{{- $labels := include "idgen.selector" . | fromYaml -}}
{{- $_ := set $labels "app.kubernetes.io/part-of" "idgen" -}}
{{- $_ := set $labels "app.kubernetes.io/version" $root.Chart.AppVersion -}}
{{- $_ := set $labels "app.kubernetes.io/managed-by" $root.Release.Service -}}
{{- $_ := set $labels "helm.sh/chart" (printf "%s-%s" $root.Chart.Name $root.Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-") -}}
{{- merge $labels $root.Values.commonLabels | toYaml -}}
{{- end -}}

{{/* Of pods, and of what selects them; it can never be changed in a Deployment. (list . "operator") */}}
{{- define "idgen.selector" -}}
{{- $root := index . 0 -}}
app.kubernetes.io/name: {{ include "idgen.name" $root }}
app.kubernetes.io/instance: {{ $root.Release.Name }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end -}}
