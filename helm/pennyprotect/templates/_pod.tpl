{{/* What every pod of ours has in common: identity, no rights, read-only root, spread over nodes. */}}

{{- define "pennyprotect.podSecurity" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
fsGroup: 10001
seccompProfile:
  type: RuntimeDefault
{{- end -}}

{{- define "pennyprotect.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end -}}

{{- define "pennyprotect.podCommon" -}}
{{- $settings := .settings -}}
serviceAccountName: {{ include "pennyprotect.roleName" . }}
automountServiceAccountToken: false
enableServiceLinks: false
{{- with .root.Values.imagePullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- with .root.Values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with $settings.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $settings.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with include "pennyprotect.affinity" . }}
affinity:
  {{- . | nindent 2 }}
{{- end }}
topologySpreadConstraints:
  - maxSkew: 1
    topologyKey: kubernetes.io/hostname
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels:
        {{- include "pennyprotect.selector" . | nindent 8 }}
  - maxSkew: 1
    topologyKey: topology.kubernetes.io/zone
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels:
        {{- include "pennyprotect.selector" . | nindent 8 }}
{{- end -}}

{{/* A volume that one node mounts holds its users on that node: a pod that another node got would wait for it for ever. */}}
{{- define "pennyprotect.affinity" -}}
{{- $affinity := deepCopy (.settings.affinity | default dict) -}}
{{- $users := include "pennyprotect.objectsRoles" .root | splitList " " -}}
{{- if and (has .role $users) (not .root.Values.objects.bucket) (eq .root.Values.objects.volume.accessMode "ReadWriteOnce") -}}
{{- $kin := dict "app.kubernetes.io/name" "pennyprotect" "app.kubernetes.io/instance" .root.Release.Name -}}
{{- $choice := list (dict "key" "app.kubernetes.io/component" "operator" "In" "values" $users) -}}
{{- $term := dict "topologyKey" "kubernetes.io/hostname" "labelSelector" (dict "matchLabels" $kin "matchExpressions" $choice) -}}
{{- $beside := $affinity.podAffinity | default dict -}}
{{- $demanded := append ($beside.requiredDuringSchedulingIgnoredDuringExecution | default list) $term -}}
{{- $affinity = merge (dict "podAffinity" (merge (dict "requiredDuringSchedulingIgnoredDuringExecution" $demanded) $beside)) $affinity -}}
{{- end -}}
{{- with $affinity -}}
{{ toYaml . }}
{{- end -}}
{{- end -}}

{{/* Environment common to our own processes. */}}
{{- define "pennyprotect.env" -}}
- name: PENNYPROTECT_HOME
  value: /var/lib/pennyprotect
- name: PENNYPROTECT_CACHE
  value: /var/lib/pennyprotect/cache
- name: PENNYPROTECT_HEADLESS
  value: "1"
- name: PENNYPROTECT_LOG_LEVEL
  value: {{ .Values.logLevel }}
{{- with .Values.tracing.endpoint }}
- name: OTEL_EXPORTER_OTLP_ENDPOINT
  value: {{ . | quote }}
{{- end }}
{{- range $name, $value := .Values.extraEnv }}
- name: {{ $name }}
  value: {{ $value | quote }}
{{- end }}
{{- end -}}

{{- define "pennyprotect.secretEnv" -}}
- name: {{ .name }}
  valueFrom:
    secretKeyRef:
      name: {{ .root.Values.secrets.existingSecret }}
      key: {{ .key }}
{{- end -}}

{{/* Shows metrics and the details of readiness; a Secret made by an older release lacks it, and then only loopback sees them. */}}
{{- define "pennyprotect.metricsKeyEnv" -}}
- name: PENNYPROTECT_METRICS_KEY
  valueFrom:
    secretKeyRef:
      name: {{ .Values.secrets.existingSecret }}
      key: metrics_key
      optional: true
{{- end -}}

{{/* Secrets of providers that whoever installs may add; without them what needs them stays off. */}}
{{- define "pennyprotect.providersEnv" -}}
{{- range $name, $key := dict "PENNYPROTECT_OIDC_CLIENT_SECRET" "oidc_client_secret" "OPENAI_API_KEY" "openai_api_key" }}
- name: {{ $name }}
  valueFrom:
    secretKeyRef:
      name: {{ $.Values.secrets.existingSecret }}
      key: {{ $key }}
      optional: true
{{- end }}
{{- end -}}

{{/* Where users may say that cameras are: where the network policy lets pods go, so that a refusal is a sentence and no time-out. */}}
{{- define "pennyprotect.cameraNetworksEnv" -}}
{{- if and .Values.networkPolicy.enabled (not (hasKey .Values.extraEnv "PENNYPROTECT_CAMERA_NETWORKS")) }}
- name: PENNYPROTECT_CAMERA_NETWORKS
  value: {{ join " " .Values.networkPolicy.cameras.cidrs | quote }}
{{- end }}
{{- end -}}

{{/* Single sign-on; its client secret is a key of the Secret (providersEnv). */}}
{{- define "pennyprotect.oidcEnv" -}}
{{- with .Values.oidc }}
{{- if .issuer }}
- name: PENNYPROTECT_OIDC_ISSUER
  value: {{ .issuer | quote }}
- name: PENNYPROTECT_OIDC_CLIENT_ID
  value: {{ .clientId | quote }}
- name: PENNYPROTECT_OIDC_NAME
  value: {{ .name | quote }}
- name: PENNYPROTECT_OIDC_SCOPES
  value: {{ join " " .scopes | quote }}
- name: PENNYPROTECT_OIDC_GROUPS_CLAIM
  value: {{ .groupsClaim | quote }}
- name: PENNYPROTECT_OIDC_USERNAME_CLAIM
  value: {{ .usernameClaim | quote }}
- name: PENNYPROTECT_OIDC_SECOND_FACTOR
  value: {{ ternary "1" "0" .secondFactor | quote }}
{{- with .chain }}
- name: PENNYPROTECT_OIDC_CHAIN
  value: {{ . | quote }}
{{- end }}
{{- end }}
{{- end }}
{{- end -}}

{{/* The keys that protect stored secrets: the first one, and the ring that rotations make of it (a Secret that need not exist). */}}
{{- define "pennyprotect.keysEnv" -}}
{{ include "pennyprotect.secretEnv" (dict "root" . "name" "PENNYPROTECT_SECRET_KEY" "key" "storage_key") }}
- name: PENNYPROTECT_KEY_RING
  value: /etc/pennyprotect/key-ring/keys.json
{{- end -}}

{{- define "pennyprotect.keysMount" -}}
- name: key-ring
  mountPath: /etc/pennyprotect/key-ring
  readOnly: true
{{- end -}}

{{- define "pennyprotect.keysVolume" -}}
- name: key-ring
  secret:
    secretName: {{ .Values.secrets.existingSecret }}-key-ring
    optional: true
    defaultMode: 0440
{{- end -}}

{{/* A worker of a store that joins a region says everything to its service; else it writes to the two Valkeys. */}}
{{- define "pennyprotect.workerEnv" -}}
{{- if include "pennyprotect.joins" .root }}
{{- if .root.Values.region.caSecret }}
- name: PENNYPROTECT_CA_FILE
  value: /etc/pennyprotect/region-ca/ca.crt
{{- end }}
{{- else }}
{{ include "pennyprotect.busEnv" (dict "root" .root "user" "worker") }}
{{ include "pennyprotect.memoryEnv" (dict "root" .root "user" "worker") }}
{{- end }}
{{ include "pennyprotect.secretEnv" (dict "root" .root "name" "PENNYPROTECT_WORKER_KEY" "key" "worker_key") }}
- name: PENNYPROTECT_SERVICE_URL
  value: {{ .settings.serviceUrl | default (include "pennyprotect.serviceUrl" .root) }}
- name: TRITON_URL
  value: {{ include "pennyprotect.tritonUrl" .root }}
{{- with include "pennyprotect.relayEnv" (dict "root" .root "uses" "worker") | trim }}
{{ . }}
{{- end }}
{{- with include "pennyprotect.cameraNetworksEnv" .root | trim }}
{{ . }}
{{- end }}
- name: PENNYPROTECT_WORKER_CAPACITY
  value: {{ .settings.capacity | quote }}
{{- end -}}

{{/* Who carries notifications; without a secret of theirs the dispatcher sends webhooks only. */}}
{{- define "pennyprotect.notificationsEnv" -}}
- name: PENNYPROTECT_WEBHOOK_NETWORKS
  value: {{ .Values.notifications.webhookNetworks | quote }}
{{- with .Values.ingress.host }}
- name: PENNYPROTECT_PUBLIC_URL
  value: https://{{ . }}
{{- end }}
- name: TWILIO_ACCOUNT_SID
  value: {{ .Values.notifications.twilioAccountSid | quote }}
- name: TWILIO_PHONE_NUMBER
  value: {{ .Values.notifications.twilioPhoneNumber | quote }}
- name: PENNYPROTECT_MAIL_FROM
  value: {{ .Values.notifications.mailFrom | quote }}
{{- range $name, $key := dict "TWILIO_AUTH_TOKEN" "twilio_auth_token" "PENNYPROTECT_SMTP_URL" "smtp_url" }}
- name: {{ $name }}
  valueFrom:
    secretKeyRef:
      name: {{ $.Values.secrets.existingSecret }}
      key: {{ $key }}
      optional: true
{{- end }}
{{- end -}}

{{/* DATABASE_URL with a role of its own; `role` is owner, app, pipeline, dispatcher. */}}
{{- define "pennyprotect.databaseEnv" -}}
- name: DATABASE_URL
  value: {{ include "pennyprotect.databaseUrl" .root | quote }}
- name: DB_USER
  value: pennyprotect_{{ .role }}
{{ include "pennyprotect.secretEnv" (dict "root" .root "name" "DB_PASSWORD" "key" (printf "postgres.%s" .role)) }}
{{- end -}}

{{/* Passwords of `pennyprotect secrets` are URL-safe, so that they stand in a URL as they are. */}}
{{- define "pennyprotect.busEnv" -}}
{{ include "pennyprotect.secretEnv" (dict "root" .root "name" "BUS_PASSWORD" "key" (printf "bus.%s" .user)) }}
- name: REDIS_URL
  value: {{ ternary "rediss" "redis" .root.Values.bus.external.tls }}://{{ .user }}:$(BUS_PASSWORD)@{{ include "pennyprotect.busHost" .root }}/0
{{- end -}}

{{- define "pennyprotect.memoryEnv" -}}
{{ include "pennyprotect.secretEnv" (dict "root" .root "name" "MEMORY_PASSWORD" "key" (printf "memory.%s" .user)) }}
- name: MEMORY_REDIS_URL
  value: {{ ternary "rediss" "redis" .root.Values.memory.external.tls }}://{{ .user }}:$(MEMORY_PASSWORD)@{{ include "pennyprotect.memoryHost" .root }}/0
{{- end -}}

{{/* Where workers read cameras, and who relays live video: the release's MediaMTX, if it has one. `uses`: worker or service. */}}
{{- define "pennyprotect.relayEnv" -}}
{{- if .root.Values.mediamtx.enabled }}
{{ include "pennyprotect.secretEnv" (dict "root" .root "name" "PENNYPROTECT_RELAY_KEY" "key" "relay_key") }}
{{- $host := include "pennyprotect.roleName" (dict "root" .root "role" "mediamtx") }}
{{- if eq .uses "worker" }}
- name: PENNYPROTECT_RELAY_URL
  value: rtsp://{{ $host }}:8554
{{- else }}
- name: PENNYPROTECT_LIVE_URL
  value: http://{{ $host }}:8889
{{- end }}
{{- end }}
{{- end -}}

{{/* The object store: a bucket, or a folder on a volume that the roles that need it share. */}}
{{- define "pennyprotect.objectsEnv" -}}
{{- with .Values.objects }}
{{- if .bucket }}
- name: AWS_S3_BUCKET
  value: {{ .bucket | quote }}
- name: AWS_REGION
  value: {{ .region | quote }}
{{- with .endpoint }}
- name: AWS_ENDPOINT_URL_S3
  value: {{ . | quote }}
{{- end }}
{{- if .credentialsSecret }}
- name: AWS_ACCESS_KEY_ID
  valueFrom:
    secretKeyRef: {name: {{ .credentialsSecret }}, key: access_key_id}
- name: AWS_SECRET_ACCESS_KEY
  valueFrom:
    secretKeyRef: {name: {{ .credentialsSecret }}, key: secret_access_key}
{{- end }}
{{- end }}
{{- end }}
{{- end -}}

{{- define "pennyprotect.objectsMount" -}}
{{- if not .Values.objects.bucket }}
- name: objects
  mountPath: /var/lib/pennyprotect/objects
{{- end }}
{{- end -}}

{{- define "pennyprotect.objectsVolume" -}}
{{- if not .Values.objects.bucket }}
- name: objects
  persistentVolumeClaim:
    claimName: {{ include "pennyprotect.name" . }}-objects
{{- end }}
{{- end -}}

{{- define "pennyprotect.mounts" -}}
- name: state
  mountPath: /var/lib/pennyprotect
- name: tmp
  mountPath: /tmp
{{- end -}}

{{/* Of those who have a login at the database: the authority of its certificate. */}}
{{- define "pennyprotect.databaseMount" -}}
{{- if include "pennyprotect.databaseCaSecret" . }}
- name: database-ca
  mountPath: /etc/pennyprotect/database-ca
  readOnly: true
{{- end }}
{{- end -}}

{{- define "pennyprotect.volumes" -}}
- name: state
  emptyDir:
    sizeLimit: 2Gi
- name: tmp
  emptyDir:
    sizeLimit: 512Mi
{{- end -}}

{{- define "pennyprotect.databaseVolume" -}}
{{- with include "pennyprotect.databaseCaSecret" . }}
- name: database-ca
  secret:
    secretName: {{ . }}
    items:
      - key: ca.crt
        path: ca.crt
{{- end }}
{{- end -}}

{{/* Probes of a role without HTTP of its own: app/kit/operations.py on port 9090. */}}
{{- define "pennyprotect.operationsProbes" -}}
ports:
  - name: metrics
    containerPort: 9090
startupProbe:
  httpGet: {path: /healthz, port: metrics}
  periodSeconds: 2
  failureThreshold: 60
livenessProbe:
  httpGet: {path: /healthz, port: metrics}
  periodSeconds: 10
  timeoutSeconds: 5
  failureThreshold: 3
{{- end -}}

{{/* Holds a pod back until the migration is done, with one sentence in its log if it never is. `databaseRole` as in databaseEnv. */}}
{{- define "pennyprotect.schemaWait" -}}
initContainers:
  - name: schema
    image: {{ include "pennyprotect.image" (dict "root" .root "image" .root.Values.image) }}
    imagePullPolicy: {{ .root.Values.image.pullPolicy }}
    args: [migrate, --wait]
    securityContext:
      {{- include "pennyprotect.containerSecurity" .root | nindent 6 }}
    env:
      {{- include "pennyprotect.env" .root | nindent 6 }}
      {{- include "pennyprotect.databaseEnv" (dict "root" .root "role" .databaseRole) | nindent 6 }}
    resources:
      {{- toYaml .root.Values.migrate.resources | nindent 6 }}
    volumeMounts:
      {{- include "pennyprotect.mounts" .root | nindent 6 }}
      {{- include "pennyprotect.databaseMount" .root | nindent 6 }}
{{- end -}}

{{/* What a container needs that looks after the folder Triton reads. */}}
{{- define "pennyprotect.modelMounts" -}}
- name: models
  mountPath: /var/lib/pennyprotect
- name: model-keys
  mountPath: /etc/pennyprotect/model-keys
  readOnly: true
- name: tmp
  mountPath: /tmp
{{- end -}}

{{/* Brings the folder that Triton reads level with the bucket of pushed versions. Arguments: root, name, every (seconds; 0: once). */}}
{{- define "pennyprotect.modelSync" -}}
- name: {{ .name }}
  image: {{ include "pennyprotect.image" (dict "root" .root "image" .root.Values.image) }}
  imagePullPolicy: {{ .root.Values.image.pullPolicy }}
  args: [models, sync, --every, {{ .every | quote }}]
  securityContext:
    {{- include "pennyprotect.containerSecurity" .root | nindent 4 }}
  env:
    {{- include "pennyprotect.env" .root | nindent 4 }}
    - name: PENNYPROTECT_MODEL_KEYS
      value: /etc/pennyprotect/model-keys
    - name: PENNYPROTECT_MODEL_STORE
      value: {{ include "pennyprotect.pushBucket" .root }}
    - name: AWS_REGION
      value: {{ .root.Values.objects.region | quote }}
    {{- with .root.Values.objects.endpoint }}
    - name: AWS_ENDPOINT_URL_S3
      value: {{ . | quote }}
    {{- end }}
    {{- with include "pennyprotect.pushCredentials" .root }}
    - name: AWS_ACCESS_KEY_ID
      valueFrom:
        secretKeyRef: {name: {{ . }}, key: access_key_id}
    - name: AWS_SECRET_ACCESS_KEY
      valueFrom:
        secretKeyRef: {name: {{ . }}, key: secret_access_key}
    {{- end }}
  resources:
    {{- toYaml .root.Values.models.resources | nindent 4 }}
  volumeMounts:
    {{- include "pennyprotect.modelMounts" .root | nindent 4 }}
{{- end -}}
