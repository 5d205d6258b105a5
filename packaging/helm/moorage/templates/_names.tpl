{{/* Names and labels that the objects share. */}}
{{- define "moorage.name" -}}
{{- if contains "moorage" .Release.Name }}{{ .Release.Name | trunc 52 | trimSuffix "-" }}{{ else }}{{ printf "%s-moorage" .Release.Name | trunc 52 | trimSuffix "-" }}{{ end }}
{{- end }}

{{- define "moorage.selector" -}}
app.kubernetes.io/name: moorage
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "moorage.labels" -}}
{{ include "moorage.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end }}

{{/* What the chart knows better wins over what is in the values. */}}
{{- define "moorage.config" -}}
{{- $own := dict "storage" (dict "root" "/var/lib/moorage") "server" (dict "listen" ":5000") }}
{{- if .Values.existingSecret }}{{- $_ := set $own "auth" (dict "htpasswd" "/etc/moorage-users/htpasswd") }}{{- end }}
{{- toYaml (mergeOverwrite (deepCopy .Values.config) $own) }}
{{- end }}
