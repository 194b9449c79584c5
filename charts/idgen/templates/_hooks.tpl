{{/*
Pod spec, but its containers, of what runs for a moment: the Jobs that make the first IdGenerator, and `helm test`.
*/}}
{{- define "idgen.hookPod" -}}
restartPolicy: Never
enableServiceLinks: false
{{- with include "idgen.pullSecrets" . }}
{{ . }}
{{- end }}
securityContext:
  {{- toYaml .Values.podSecurityContext | nindent 2 }}
{{- with .Values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* Its container, but name, arguments, env and mounts. */}}
{{- define "idgen.hookContainer" -}}
image: {{ include "idgen.image" . | quote }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
resources:
  requests: { cpu: 10m, memory: 64Mi }
  limits: { memory: 128Mi }
securityContext:
  {{- toYaml .Values.securityContext | nindent 2 }}
{{- end -}}

{{/* Who makes the first IdGenerator: an account of its own, or, without rbac.create, the operator's. */}}
{{- define "idgen.hookAccount" -}}
{{- if .Values.rbac.create -}}
{{- include "idgen.object" (list . "generator") -}}
{{- else -}}
{{- include "idgen.serviceAccount" . -}}
{{- end -}}
{{- end -}}
