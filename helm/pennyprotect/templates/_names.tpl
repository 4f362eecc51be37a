{{/* Names and labels. `role` is a part of the product: service, pipeline, dispatcher, worker-cpu, worker-gpu, triton, bus, memory. */}}

{{- define "pennyprotect.name" -}}
{{- if contains "pennyprotect" .Release.Name -}}{{ .Release.Name | trunc 40 | trimSuffix "-" }}{{- else -}}{{ printf "%s-pennyprotect" .Release.Name | trunc 40 | trimSuffix "-" }}{{- end -}}
{{- end -}}

{{- define "pennyprotect.roleName" -}}
{{ include "pennyprotect.name" .root }}-{{ .role }}
{{- end -}}

{{- define "pennyprotect.selector" -}}
app.kubernetes.io/name: pennyprotect
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .role }}
{{- end -}}

{{- define "pennyprotect.labels" -}}
{{ include "pennyprotect.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
app.kubernetes.io/part-of: pennyprotect
helm.sh/chart: {{ .root.Chart.Name }}-{{ .root.Chart.Version }}
{{- end -}}

{{- define "pennyprotect.image" -}}
{{- $image := .image -}}
{{- $registry := .root.Values.imageRegistry | default $image.registry -}}
{{- if $registry }}{{ $registry }}/{{ end }}{{ $image.repository }}
{{- if $image.digest }}@{{ $image.digest }}{{ else }}:{{ $image.tag | default .root.Chart.AppVersion }}{{ end }}
{{- end -}}

{{/* Whether this release is a store that joins a region: workers and their Triton, and nothing else. */}}
{{- define "pennyprotect.joins" -}}
{{- if .Values.region.url }}true{{ end }}
{{- end -}}

{{- define "pennyprotect.serviceUrl" -}}
{{- if .Values.region.url }}{{ .Values.region.url }}{{ else -}}
http://{{ include "pennyprotect.roleName" (dict "root" . "role" "service") }}:{{ .Values.service.port }}
{{- end -}}
{{- end -}}

{{- define "pennyprotect.busHost" -}}
{{- if eq .Values.bus.mode "external" }}{{ .Values.bus.external.host }}:{{ .Values.bus.external.port }}{{ else }}{{ include "pennyprotect.roleName" (dict "root" . "role" "bus") }}:6379{{ end }}
{{- end -}}

{{- define "pennyprotect.memoryHost" -}}
{{- if eq .Values.memory.mode "external" }}{{ .Values.memory.external.host }}:{{ .Values.memory.external.port }}{{ else }}{{ include "pennyprotect.roleName" (dict "root" . "role" "memory") }}:6379{{ end }}
{{- end -}}

{{- define "pennyprotect.databaseUrl" -}}
{{- if eq .Values.database.mode "external" -}}
postgresql://{{ .Values.database.external.host }}:{{ .Values.database.external.port }}/{{ .Values.database.name }}?sslmode={{ .Values.database.external.sslMode }}
{{- if .Values.database.external.caSecret }}&sslrootcert=/etc/pennyprotect/database-ca/ca.crt{{ end }}
{{- else -}}
postgresql://{{ include "pennyprotect.name" . }}-postgres-rw:5432/{{ .Values.database.name }}?sslmode=verify-full&sslrootcert=/etc/pennyprotect/database-ca/ca.crt
{{- end -}}
{{- end -}}

{{- define "pennyprotect.databaseCaSecret" -}}
{{- if eq .Values.database.mode "external" }}{{ .Values.database.external.caSecret }}{{ else }}{{ include "pennyprotect.name" . }}-postgres-ca{{ end }}
{{- end -}}

{{/* Roles that have pods in this release, with a blank between. */}}
{{- define "pennyprotect.roles" -}}
{{- $found := list -}}
{{- if .Values.workerCpu.enabled }}{{ $found = append $found "worker-cpu" }}{{ end -}}
{{- if .Values.workerGpu.enabled }}{{ $found = append $found "worker-gpu" }}{{ end -}}
{{- if .Values.triton.enabled }}{{ $found = append $found "triton" }}{{ end -}}
{{- if not (include "pennyprotect.joins" .) -}}
{{- $found = append $found "migrate" -}}
{{- if .Values.service.enabled }}{{ $found = concat $found (list "service" "test" "doctor") }}{{ end -}}
{{- range list "pipeline" "dispatcher" "sealer" "retention" "mediamtx" }}{{ if (index $.Values .).enabled }}{{ $found = append $found . }}{{ end }}{{ end -}}
{{- range list "bus" "memory" }}{{ if eq (index $.Values .).mode "bundled" }}{{ $found = append $found . }}{{ end }}{{ end -}}
{{- end -}}
{{ join " " $found }}
{{- end -}}

{{/* Who opens the object store, with a blank between; workers only PUT to addresses that the service has signed. */}}
{{- define "pennyprotect.objectsRoles" -}}
service sealer retention
{{- end -}}

{{/* Who opens stored secrets by AWS KMS, where they are sealed by it. */}}
{{- define "pennyprotect.kmsRoles" -}}
{{- if .Values.extraEnv.PENNYPROTECT_KMS_KEYS }}service pipeline dispatcher migrate{{ end -}}
{{- end -}}

{{/* Those that call the object store, the models' bucket or KMS, and so may be known there. `asking`: those alone that no Secret gives keys, and that ask for an identity. */}}
{{- define "pennyprotect.rolesWithIdentity" -}}
{{- $values := .root.Values -}}
{{- $found := include "pennyprotect.kmsRoles" .root | splitList " " -}}
{{- if or (not .asking) (and $values.objects.bucket (not $values.objects.credentialsSecret)) }}{{ $found = concat $found (include "pennyprotect.objectsRoles" .root | splitList " ") }}{{ end -}}
{{- if and (eq $values.models.source "s3") (not (and .asking $values.models.s3.credentialsSecret)) }}{{ $found = append $found "triton" }}{{ end -}}
{{- if and (include "pennyprotect.pushBucket" .root) (not (and .asking (include "pennyprotect.pushCredentials" .root))) }}{{ $found = append $found "triton" }}{{ end -}}
{{ $found | compact | uniq | join " " }}
{{- end -}}

{{/* Where pushed versions lie, when that is a bucket that every Triton's folder follows. */}}
{{- define "pennyprotect.pushBucket" -}}
{{- with .Values.models.pushes }}{{ if and .enabled .bucket }}s3://{{ .bucket }}{{ with .prefix }}/{{ . }}{{ end }}{{ end }}{{ end -}}
{{- end -}}

{{/* Secret with the keys by which Triton's pods read that bucket; nothing where they have an identity of their own. */}}
{{- define "pennyprotect.pushCredentials" -}}
{{- .Values.models.pushes.credentialsSecret | default .Values.objects.credentialsSecret }}
{{- end -}}

{{- define "pennyprotect.tritonUrl" -}}
{{- if .Values.triton.enabled }}{{ include "pennyprotect.roleName" (dict "root" . "role" "triton") }}:8001{{ else }}{{ .Values.triton.externalUrl }}{{ end }}
{{- end -}}

{{/* What must be said before anything is rendered. The schema catches wrong values; this catches missing decisions. */}}
{{- define "pennyprotect.demands" -}}
{{- if not .Values.secrets.existingSecret -}}
{{- fail "secrets.existingSecret is empty: make the secrets with `pennyprotect secrets kubernetes --namespace NAMESPACE | kubectl create -f -` and name the Secret here." -}}
{{- end -}}
{{- if and (not .Values.triton.enabled) (not .Values.triton.externalUrl) -}}
{{- fail "triton.enabled is false and triton.externalUrl is empty: workers need a Triton server; give its host:port." -}}
{{- end -}}
{{- if and (include "pennyprotect.joins" .) .Values.mediamtx.enabled -}}
{{- fail "region.url and mediamtx.enabled are both set: the region's service does not reach a store's MediaMTX; viewers get pictures." -}}
{{- end -}}
{{- if and (hasPrefix "http://" .Values.region.url) (not .Values.region.insecure) -}}
{{- fail "region.url is http://: frames of people and the worker's key would cross the network for anybody to read. Give https://, or region.insecure=true inside a tunnel of yours." -}}
{{- end -}}
{{- if and .Values.oidc.issuer (not .Values.oidc.clientId) -}}
{{- fail "oidc.issuer is set and oidc.clientId is empty: give the id under which the provider knows this installation." -}}
{{- end -}}
{{- if and .Values.oidc.issuer .Values.networkPolicy.enabled (not .Values.networkPolicy.providers.cidrs) -}}
{{- fail "oidc.issuer is set and networkPolicy.providers.cidrs is empty: the service could not reach the provider, and nobody could sign in by it." -}}
{{- end -}}
{{- if and .Values.oidc.issuer (not .Values.ingress.host) -}}
{{- fail "oidc.issuer is set and ingress.host is empty: the provider sends people back to https://HOST/api/v1/auth/oidc/callback." -}}
{{- end -}}
{{- if and (eq .Values.models.source "claim") (not .Values.models.claim) -}}
{{- fail "models.source is claim and models.claim is empty: name the PersistentVolumeClaim that holds triton/models." -}}
{{- end -}}
{{- if and (eq .Values.models.source "s3") (not .Values.models.s3.bucket) -}}
{{- fail "models.source is s3 and models.s3.bucket is empty: name the bucket that holds the models' artefacts." -}}
{{- end -}}
{{- if .Values.models.pushes.enabled -}}
{{- if include "pennyprotect.joins" . -}}
{{- fail "region.url and models.pushes.enabled are both set: versions are pushed to a service, which is the region's; a joined store's cameras use the released model." -}}
{{- end -}}
{{- if or (eq .Values.models.source "claim") (not .Values.triton.enabled) -}}
{{- fail "models.pushes.enabled needs this release's own Triton and models.source internet, image or s3: a claim or a Triton of your own is changed by you." -}}
{{- end -}}
{{- if not .Values.models.pushes.keysSecret -}}
{{- fail "models.pushes.enabled is true and models.pushes.keysSecret is empty: name the Secret with the public keys (*.pem) that may sign versions." -}}
{{- end -}}
{{- if and .Values.models.pushes.bucket (not .Values.objects.bucket) -}}
{{- fail "models.pushes.bucket is set and objects.bucket is empty: both are opened by the same region, endpoint and keys; give objects.bucket, which may be the same bucket." -}}
{{- end -}}
{{- end -}}
{{- if include "pennyprotect.joins" . }}{{/* What follows is of parts that the region has. */}}{{- else -}}
{{- $oneNode := and (not .Values.objects.bucket) (eq .Values.objects.volume.accessMode "ReadWriteOnce") -}}
{{- if and $oneNode .Values.service.enabled .Values.service.autoscaling.enabled -}}
{{- fail "service.autoscaling.enabled is true and objects are on a volume that one node mounts: give objects.bucket, or objects.volume.accessMode=ReadWriteMany with a storage class that has it." -}}
{{- end -}}
{{- if and .Values.mediamtx.enabled (not .Values.mediamtx.publicHosts) -}}
{{- fail "mediamtx.enabled is true and mediamtx.publicHosts is empty: browsers need a name or address at which mediamtx.port answers, or no video starts." -}}
{{- end -}}
{{- if and (eq .Values.mediamtx.service.type "NodePort") (or (lt (int .Values.mediamtx.port) 30000) (gt (int .Values.mediamtx.port) 32767)) -}}
{{- fail "mediamtx.port must be between 30000 and 32767 where mediamtx.service.type is NodePort." -}}
{{- end -}}
{{- if and (eq .Values.database.mode "external") (not .Values.database.external.host) -}}
{{- fail "database.external.host is empty: give the address of your PostgreSQL, or set database.mode=cloudnativepg." -}}
{{- end -}}
{{- with .Values.database.cloudnativepg.backup -}}
{{- if and (eq $.Values.database.mode "cloudnativepg") .destinationPath (not .inheritFromIamRole) (not .credentialsSecret) -}}
{{- fail "database.cloudnativepg.backup.destinationPath is set and nothing opens the bucket: name credentialsSecret, or set inheritFromIamRole=true." -}}
{{- end -}}
{{- end -}}
{{- if and .Values.ingress.enabled (not .Values.ingress.host) -}}
{{- fail "ingress.enabled is true and ingress.host is empty: give the dashboard's name, like safety.example.com." -}}
{{- end -}}
{{- if and (eq .Values.bus.mode "external") (not .Values.bus.external.host) -}}
{{- fail "bus.external.host is empty: give the address of the durable Redis or Valkey, or set bus.mode=bundled." -}}
{{- end -}}
{{- if and (eq .Values.memory.mode "external") (not .Values.memory.external.host) -}}
{{- fail "memory.external.host is empty: give the address of the memory-only Redis or Valkey, or set memory.mode=bundled." -}}
{{- end -}}
{{- if and (eq .Values.memory.mode "external") (not .Values.memory.external.nothingOnDisk) -}}
{{- fail "memory.external.nothingOnDisk is false: frames and probe embeddings must never reach a disk. Switch off append-only file, snapshots, replicas and back-ups of that server, then say so here." -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* Models that Triton loads when it starts: those of triton_models/models.lock.toml that are no biometric ones. */}}
{{- define "pennyprotect.ordinaryModels" -}}
yolo_pose
{{- end }}
