{{/* The spec of a hook's Job: (list . "crds"). */}}
{{- define "incident-simulator.hookSpec" -}}
{{- $root := index . 0 -}}
{{- $command := index . 1 -}}
{{- with $root.Values.hooks }}
spec:
  backoffLimit: 1
  activeDeadlineSeconds: {{ .deadlineSeconds }}
  template:
    metadata:
      labels:
        {{- include "incident-simulator.podLabels" (list $root "hook") | nindent 8 }}
    spec:
      serviceAccountName: incident-hook
      automountServiceAccountToken: true
      enableServiceLinks: false
      restartPolicy: Never
      {{- include "incident-simulator.podSecurity" $root | nindent 6 }}
      {{- with include "incident-simulator.placement" . | trim }}
      {{- . | nindent 6 }}
      {{- end }}
      containers:
        - name: {{ $command }}
          {{- include "incident-simulator.container" $root | nindent 10 }}
          {{- if eq $command "uninstall" }}
          # twice that at most: for the undo of all faults, and for the operator's end
          command: [incident-hook, uninstall, --timeout, {{ div (sub .deadlineSeconds 20) 2 | quote }}]
          {{- else }}
          command: [incident-hook, {{ $command }}]
          {{- end }}
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
