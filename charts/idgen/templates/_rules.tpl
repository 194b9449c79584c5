{{/* What the operator may do in a namespace that it looks after. Server-side apply needs create and patch. */}}
{{- define "idgen.rules" -}}
{{- $all := list "get" "list" "watch" "create" "patch" "delete" -}}
{{- /* Annotations (commands) and finalizers are patched; specs are people's. */ -}}
- apiGroups: [idgen.io]
  resources: [idgenerators, biztags]
  verbs: [get, list, watch, patch]
- apiGroups: [idgen.io]
  resources: [idgenerators/status, biztags/status]
  verbs: [patch]
{{- /* An owner reference that blocks deletion needs it where that admission is on. */}}
- apiGroups: [idgen.io]
  resources: [idgenerators/finalizers, biztags/finalizers]
  verbs: [update]
- apiGroups: [""]
  resources: [pods]
  verbs: [get, list, watch]
- apiGroups: [events.k8s.io]
  resources: [events]
  verbs: [create, patch]
{{- $kinds := list
  (list "" "services, configmaps, secrets, serviceaccounts")
  (list "apps" "deployments, controllerrevisions")
  (list "batch" "jobs")
  (list "policy" "poddisruptionbudgets")
  (list "networking.k8s.io" "networkpolicies, ingresses")
  (list "autoscaling" "horizontalpodautoscalers")
  (list "gateway.networking.k8s.io" "httproutes, grpcroutes, backendtlspolicies")
  (list "cert-manager.io" "certificates")
  (list "monitoring.coreos.com" "servicemonitors, prometheusrules, alertmanagerconfigs")
}}
{{- range $kinds }}
- apiGroups: [{{ index . 0 | quote }}]
  resources: [{{ index . 1 }}]
  verbs: [{{ join ", " $all }}]
{{- end }}
{{- end -}}
