{{/* Labels of every object. */}}
{{- define "incident-simulator.labels" -}}
app.kubernetes.io/name: incident-simulator
app.kubernetes.io/instance: {{ .Release.Name | quote }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/part-of: incident-simulator
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end }}

{{/* Labels that select pods: (list . "api"). They never change. */}}
{{- define "incident-simulator.selector" -}}
app.kubernetes.io/name: incident-simulator
app.kubernetes.io/instance: {{ (index . 0).Release.Name | quote }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end }}

{{/* Labels of pods: none that another version of the chart would change, which would start them anew. (list . "api") */}}
{{- define "incident-simulator.podLabels" -}}
{{ include "incident-simulator.selector" . }}
app.kubernetes.io/part-of: incident-simulator
{{- end }}

{{/* Labels of an object that belongs to one part: (list . "api"). */}}
{{- define "incident-simulator.componentLabels" -}}
{{ include "incident-simulator.labels" (index . 0) }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end }}

{{- define "incident-simulator.image" -}}
{{- with .Values.image -}}
{{- if .digest -}}
{{ .repository }}@{{ .digest }}
{{- else -}}
{{ .repository }}:{{ .tag | default $.Chart.AppVersion }}
{{- end -}}
{{- end -}}
{{- end }}

{{- define "incident-simulator.sessionSecret" -}}
{{ .Values.api.session.existingSecret | default "incident-api-session" }}
{{- end }}

{{/* Whether the server writes the deciding user's name: "true" or "false". */}}
{{- define "incident-simulator.stamps" -}}
{{- $served := .Capabilities.APIVersions.Has "admissionregistration.k8s.io/v1/MutatingAdmissionPolicy" -}}
{{- or (eq .Values.policies.stamping "always") (and (eq .Values.policies.stamping "auto") $served) -}}
{{- end }}

{{/* Whether HTTPS ends in front of the board: "true" or "false". */}}
{{- define "incident-simulator.https" -}}
{{- or (and .Values.ingress.enabled (or .Values.ingress.tls.enabled .Values.ingress.gke.managedCertificate)) .Values.gateway.enabled -}}
{{- end }}

{{/* Subjects of a binding: (list . .Values.access.viewers). */}}
{{- define "incident-simulator.subjects" -}}
{{- $root := index . 0 -}}
{{- range index . 1 }}
- kind: {{ .kind }}
  name: {{ .name | quote }}
  {{- if eq .kind "ServiceAccount" }}
  namespace: {{ .namespace | default $root.Release.Namespace | quote }}
  {{- else }}
  apiGroup: rbac.authorization.k8s.io
  {{- end }}
{{- end }}
{{- end }}

{{/* A hash of a Secret of somebody else's: when it changes, an upgrade starts the pods anew. (list . "name") */}}
{{- define "incident-simulator.secretChecksum" -}}
{{- $found := lookup "v1" "Secret" (index . 0).Release.Namespace (index . 1) | default dict -}}
{{- get $found "data" | default dict | toJson | sha256sum -}}
{{- end }}
