{{/* The spec of a hook's Job: (list . "crds"). */}}
{{- define "incident-simulator.hookSpec" -}}
{{- $root := index . 0 -}}
{{- $command := index . 1 -}}
{{- with $root.Values.hooks }}
spec:
  backoffLimit: 2
  activeDeadlineSeconds: {{ .deadlineSeconds }}
  template:
    metadata:
      labels:
        {{- include "incident-simulator.componentLabels" (list $root "hook") | nindent 8 }}
    spec:
      serviceAccountName: incident-hook
      automountServiceAccountToken: true
      enableServiceLinks: false
      restartPolicy: Never
      {{- include "incident-simulator.podSecurity" $root | nindent 6 }}
      {{- include "incident-simulator.placement" . | nindent 6 }}
      containers:
        - name: {{ $command }}
          {{- include "incident-simulator.container" $root | nindent 10 }}
          command: [incident-hook, {{ $command }}]
          env:
            - name: INCIDENTSIM_NAMESPACE
              valueFrom: {fieldRef: {fieldPath: metadata.namespace}}
            {{- include "incident-simulator.logEnv" $root | nindent 12 }}
          resources:
            {{- toYaml .resources | nindent 12 }}
          volumeMounts:
            - {name: tmp, mountPath: /tmp}
      volumes:
        - name: tmp
          emptyDir: {sizeLimit: 16Mi}
{{- end }}
{{- end }}
