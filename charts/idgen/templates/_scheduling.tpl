{{/* Two replicas on one node go down together. */}}
{{- define "idgen.affinity" -}}
{{- if .Values.affinity -}}
{{- toYaml .Values.affinity -}}
{{- else -}}
podAntiAffinity:
  preferredDuringSchedulingIgnoredDuringExecution:
    - weight: 100
      podAffinityTerm:
        topologyKey: kubernetes.io/hostname
        labelSelector:
          matchLabels:
            {{- include "idgen.selector" (list . "operator") | nindent 12 }}
{{- end -}}
{{- end -}}

{{/* A constraint without a selector counts all pods, or none: never what is meant. */}}
{{- define "idgen.spread" -}}
{{- $selector := dict "labelSelector" (dict "matchLabels" (include "idgen.selector" (list . "operator") | fromYaml)) -}}
{{- $zones := dict "topologyKey" "topology.kubernetes.io/zone" "maxSkew" 1 "whenUnsatisfiable" "ScheduleAnyway" -}}
{{- $constraints := list -}}
{{- range default (list $zones) .Values.topologySpreadConstraints -}}
{{- $constraints = append $constraints (merge (deepCopy .) $selector) -}}
{{- end -}}
{{- toYaml $constraints -}}
{{- end -}}
