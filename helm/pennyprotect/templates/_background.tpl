{{/* A role that nobody calls: pipeline, dispatcher, ... Arguments: root, role, settings, env (rendered), replicas (0: left to a scaler), databaseRole (waits for its schema), image, args (the role otherwise),
     objects (true: writes to the object store), keys (true: opens stored secrets), worker (true: may join a region), runtimeClassName, strategy. */}}
{{- define "pennyprotect.background" -}}
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ include "pennyprotect.roleName" . }}
  labels:
    {{- include "pennyprotect.labels" . | nindent 4 }}
spec:
  {{- if .replicas }}
  replicas: {{ .replicas }}
  {{- end }}
  revisionHistoryLimit: 3
  {{- with .strategy }}
  strategy:
    type: {{ . }}
  {{- end }}
  selector:
    matchLabels:
      {{- include "pennyprotect.selector" . | nindent 6 }}
  template:
    metadata:
      labels:
        {{- include "pennyprotect.labels" . | nindent 8 }}
      {{- with .root.Values.podAnnotations }}
      annotations:
        {{- toYaml . | nindent 8 }}
      {{- end }}
    spec:
      {{- include "pennyprotect.podCommon" . | nindent 6 }}
      {{- with .runtimeClassName }}
      runtimeClassName: {{ . }}
      {{- end }}
      terminationGracePeriodSeconds: 30
      securityContext:
        {{- include "pennyprotect.podSecurity" .root | nindent 8 }}
      {{- if .databaseRole }}
      {{- include "pennyprotect.schemaWait" (dict "root" .root "databaseRole" .databaseRole) | nindent 6 }}
      {{- end }}
      containers:
        - name: {{ .role }}
          image: {{ include "pennyprotect.image" (dict "root" .root "image" (.image | default .root.Values.image)) }}
          imagePullPolicy: {{ .root.Values.image.pullPolicy }}
          args: [{{ .args | default .role }}]
          securityContext:
            {{- include "pennyprotect.containerSecurity" .root | nindent 12 }}
          env:
            {{- include "pennyprotect.env" .root | nindent 12 }}
            - name: PENNYPROTECT_METRICS
              value: "0.0.0.0:9090"
            {{- .env | nindent 12 }}
          {{- include "pennyprotect.operationsProbes" .root | nindent 10 }}
          resources:
            {{- toYaml .settings.resources | nindent 12 }}
          volumeMounts:
            {{- include "pennyprotect.mounts" .root | nindent 12 }}
            {{- if .databaseRole }}
            {{- include "pennyprotect.databaseMount" .root | nindent 12 }}
            {{- end }}
            {{- if .keys }}
            {{- include "pennyprotect.keysMount" .root | nindent 12 }}
            {{- end }}
            {{- if and .worker .root.Values.region.caSecret }}
            - {name: region-ca, mountPath: /etc/pennyprotect/region-ca, readOnly: true}
            {{- end }}
            {{- if .objects }}
            {{- include "pennyprotect.objectsMount" .root | nindent 12 }}
            {{- end }}
      volumes:
        {{- include "pennyprotect.volumes" .root | nindent 8 }}
        {{- if .databaseRole }}
        {{- include "pennyprotect.databaseVolume" .root | nindent 8 }}
        {{- end }}
        {{- if .keys }}
        {{- include "pennyprotect.keysVolume" .root | nindent 8 }}
        {{- end }}
        {{- if and .worker .root.Values.region.caSecret }}
        - name: region-ca
          secret:
            secretName: {{ .root.Values.region.caSecret }}
            items: [{key: ca.crt, path: ca.crt}]
        {{- end }}
        {{- if .objects }}
        {{- include "pennyprotect.objectsVolume" .root | nindent 8 }}
        {{- end }}
{{- end -}}
