{{/* Values that are right one by one, and wrong together. Each message says what to do. */}}
{{- define "idgen.checks" -}}
{{- if .Values.generator.enabled -}}
{{- if not (dig "database" "secret" "name" "" .Values.generator.spec) -}}
{{- fail "generator.spec.database.secret.name is missing: make a Secret with the URL of PostgreSQL, `kubectl create secret generic idgen-database --from-literal=url=postgres://user:password@host:5432/database`, and give its name" -}}
{{- end -}}
{{- if eq .Values.generator.name (include "idgen.object" (list . "operator")) -}}
{{- fail (printf "generator.name: %q is the name of the operator's own Service; choose another" .Values.generator.name) -}}
{{- end -}}
{{- end -}}
{{- $names := list -}}
{{- range .Values.bizTags -}}
{{- if has .name $names -}}
{{- fail (printf "bizTags names %q twice: each needs a name of its own" .name) -}}
{{- end -}}
{{- $names = append $names .name -}}
{{- if and (not $.Values.generator.enabled) (not (hasKey .spec "generatorRef")) -}}
{{- fail (printf "bizTags: %q lacks spec.generatorRef.name, and generator.enabled is false: name the IdGenerator it belongs to" .name) -}}
{{- end -}}
{{- end -}}
{{- if and (include "idgen.makesObjects" .) .Values.watchNamespaces (not (has .Release.Namespace .Values.watchNamespaces)) -}}
{{- fail (printf "watchNamespaces lacks %q, the release's namespace: nobody would look after generator and bizTags there; add it" .Release.Namespace) -}}
{{- end -}}
{{- end -}}
