{{- define "incident-simulator.operatorEnv" -}}
- {name: INCIDENTSIM_LISTEN, value: "0.0.0.0:8085"}
- name: INCIDENTSIM_NAMESPACE
  valueFrom: {fieldRef: {fieldPath: metadata.namespace}}
- {name: INCIDENTSIM_IMAGE, value: {{ include "incident-simulator.image" . | quote }}}
- {name: INCIDENTSIM_REDIS_IMAGE, value: {{ .Values.systems.redisImage | quote }}}
- {name: INCIDENTSIM_POSTGRES_IMAGE, value: {{ .Values.systems.postgresImage | quote }}}
- {name: INCIDENTSIM_HOLD_SECONDS, value: {{ .Values.operator.holdSeconds | quote }}}
{{ include "incident-simulator.diagnosisEnv" . }}
{{- with .Values.tracing.otlpEndpoint }}
- {name: INCIDENTSIM_OTLP_ENDPOINT, value: {{ . | quote }}}
{{- end }}
{{ include "incident-simulator.logEnv" . }}
{{- end }}

{{- define "incident-simulator.diagnosisEnv" -}}
{{- with .Values.diagnosis -}}
- {name: INCIDENTSIM_DIAGNOSERS, value: {{ join "," .order | quote }}}
- {name: INCIDENTSIM_GROQ_MODEL, value: {{ .groq.model | quote }}}
- {name: INCIDENTSIM_GEMINI_MODEL, value: {{ .gemini.model | quote }}}
{{- with .groq.url }}
- {name: INCIDENTSIM_GROQ_URL, value: {{ . | quote }}}
{{- end }}
{{- with .gemini.url }}
- {name: INCIDENTSIM_GEMINI_URL, value: {{ . | quote }}}
{{- end }}
{{- $secret := .existingSecret }}
{{- if $secret }}
{{- range list "GROQ_API_KEY" "GEMINI_API_KEY" }}
- name: {{ . }}
  valueFrom: {secretKeyRef: {name: {{ $secret | quote }}, key: {{ . }}, optional: true}}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{- define "incident-simulator.apiEnv" -}}
{{- with .Values.api -}}
- {name: INCIDENTSIM_API_LISTEN, value: "0.0.0.0:8080"}
- name: INCIDENTSIM_API_SYSTEM_NAMESPACE
  valueFrom: {fieldRef: {fieldPath: metadata.namespace}}
- {name: INCIDENTSIM_API_NAMESPACE, value: {{ .defaultNamespace | quote }}}
- {name: INCIDENTSIM_API_TITLE, value: {{ .title | quote }}}
- {name: INCIDENTSIM_API_SLA, value: {{ .sla | quote }}}
- {name: INCIDENTSIM_API_REPLY_SECONDS, value: {{ .replySeconds | quote }}}
- {name: INCIDENTSIM_API_MOST_STREAMS, value: {{ .mostStreams | int | quote }}}
- {name: INCIDENTSIM_API_SESSION_SECRET_FILE, value: /var/run/incident-api/secrets}
{{- with .trustedProxies }}
- {name: INCIDENTSIM_API_TRUSTED_PROXIES, value: {{ join "," . | quote }}}
{{- end }}
{{- with .allowedOrigins }}
- {name: INCIDENTSIM_API_ALLOWED_ORIGINS, value: {{ join "," . | quote }}}
{{- end }}
{{- with .tokenHeader }}
- {name: INCIDENTSIM_API_TOKEN_HEADER, value: {{ . | quote }}}
{{- end }}
{{- end }}
{{ include "incident-simulator.logEnv" . }}
{{- end }}
