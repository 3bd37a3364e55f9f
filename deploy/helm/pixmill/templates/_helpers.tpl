{{- define "pixmill.name" -}}
{{ default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- /* At most 53 letters: the longest ending, -operators, makes 63. */ -}}
{{- define "pixmill.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{ .Values.fullnameOverride | trunc 53 | trimSuffix "-" }}
{{- else if contains (include "pixmill.name" .) .Release.Name -}}
{{ .Release.Name | trunc 53 | trimSuffix "-" }}
{{- else -}}
{{ printf "%s-%s" .Release.Name (include "pixmill.name" .) | trunc 53 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{- define "pixmill.selector" -}}
app.kubernetes.io/name: {{ include "pixmill.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "pixmill.labels" -}}
{{ include "pixmill.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end }}

{{- define "pixmill.image" -}}
{{- if .Values.image.digest -}}
{{ .Values.image.repository }}@{{ .Values.image.digest }}
{{- else -}}
{{ .Values.image.repository }}:{{ default .Chart.AppVersion .Values.image.tag }}
{{- end }}
{{- end }}

{{- define "pixmill.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{ default (include "pixmill.fullname" .) .Values.serviceAccount.name }}
{{- else -}}
{{ default "default" .Values.serviceAccount.name }}
{{- end }}
{{- end }}

{{- define "pixmill.secretName" -}}
{{- if .Values.existingSecret -}}
{{ .Values.existingSecret }}
{{- else if or .Values.keys .Values.stores .Values.adminTokens .Values.redisPassword -}}
{{ include "pixmill.fullname" . }}
{{- end }}
{{- end }}

{{- /* The port of settings.admin_listen; empty without an admin listener. */ -}}
{{- define "pixmill.operatorsPort" -}}
{{ .Values.settings.admin_listen | default "" | splitList ":" | last }}
{{- end }}

{{- /* The two drain times, plus 10 s to close the components. */ -}}
{{- define "pixmill.gracePeriod" -}}
{{ add (include "pixmill.seconds" (.Values.settings.drain_delay_s | default 0)) (include "pixmill.seconds" .Values.settings.drain_timeout_s) 10 }}
{{- end }}

{{- /* Whole seconds of a number, or of a duration such as 1m30s. */ -}}
{{- define "pixmill.seconds" -}}
{{- if kindIs "string" . -}}
{{- $units := dict "" 1.0 "ms" 0.001 "s" 1.0 "m" 60.0 "h" 3600.0 "d" 86400.0 -}}
{{- $total := 0.0 -}}
{{- range regexFindAll "[0-9.]+ ?[a-zA-Z]*" . -1 -}}
{{- $total = addf $total (mulf (float64 (regexFind "^[0-9.]+" .)) (get $units (lower (regexFind "[a-zA-Z]*$" .)))) -}}
{{- end -}}
{{ ceil $total }}
{{- else -}}
{{ ceil . }}
{{- end -}}
{{- end }}

{{- /* Fails before the rollout where the server would refuse to start. */ -}}
{{- define "pixmill.requireAccessControl" -}}
{{- $settings := .Values.settings -}}
{{- if and .Values.existingSecret (or .Values.keys .Values.stores .Values.adminTokens .Values.redisPassword) -}}
{{ fail "existingSecret takes the place of keys, stores, adminTokens and redisPassword: set one or the other" }}
{{- end -}}
{{- if not (or .Values.keys .Values.existingSecret $settings.allowed_sources (eq ($settings.unsigned | default "") "allow")) -}}
{{ fail "Pixmill can be reached by others: set keys (signed URLs), existingSecret (with PIXMILL_KEYS in it), settings.allowed_sources (an allowlist) or settings.unsigned=allow (an open proxy)" }}
{{- end -}}
{{- if and (eq ($settings.unsigned | default "") "deny") (not (or .Values.keys .Values.existingSecret)) -}}
{{ fail "settings.unsigned=deny needs keys or existingSecret: without keys every request would be rejected" }}
{{- end -}}
{{- if and (eq .Values.cacheVolume.kind "existingClaim") (not .Values.cacheVolume.claimName) -}}
{{ fail "cacheVolume.kind=existingClaim needs cacheVolume.claimName" }}
{{- end -}}
{{- if and (eq .Values.cacheVolume.kind "none") (contains "file:" ($settings.cache | default "")) -}}
{{ fail "cacheVolume.kind=none leaves no place for the file tier of settings.cache" }}
{{- end -}}
{{- if and (hasKey $settings "metrics") (not $settings.metrics) (or .Values.serviceMonitor.enabled .Values.prometheusRule.enabled) -}}
{{ fail "settings.metrics=false leaves nothing for serviceMonitor and prometheusRule to scrape" }}
{{- end -}}
{{- end }}

{{- /* Fails where values contradict each other. */ -}}
{{- define "pixmill.requireConsistency" -}}
{{- if and .Values.autoscaling.enabled .Values.keda.enabled -}}
{{ fail "keda.enabled takes the place of autoscaling.enabled: set one or the other" }}
{{- end -}}
{{- if and .Values.autoscaling.enabled (not (or .Values.autoscaling.targetCPUUtilizationPercentage .Values.autoscaling.targetWait .Values.autoscaling.metrics)) -}}
{{ fail "autoscaling.enabled needs targetCPUUtilizationPercentage, targetWait or metrics" }}
{{- end -}}
{{- if and .Values.keda.enabled (not .Values.keda.prometheus) -}}
{{ fail "keda.enabled needs keda.prometheus, such as http://prometheus.monitoring.svc:9090" }}
{{- end -}}
{{- if and .Values.httpRoute.enabled (not .Values.httpRoute.parentRefs) -}}
{{ fail "httpRoute.enabled needs httpRoute.parentRefs: the Gateway" }}
{{- end -}}
{{- if and (gt (int .Values.httpRoute.canary.weight) 0) (not .Values.httpRoute.canary.service) -}}
{{ fail "httpRoute.canary.weight needs httpRoute.canary.service" }}
{{- end -}}
{{- if and (eq (toString .Values.rollout.maxSurge | trimSuffix "%") "0") (eq (toString .Values.rollout.maxUnavailable | trimSuffix "%") "0") -}}
{{ fail "rollout.maxSurge and rollout.maxUnavailable cannot both be 0" }}
{{- end -}}
{{- end }}

{{/* The alerts, with links that begin with the address of the pages. */}}
{{- define "pixmill.alerts" -}}
{{- .Files.Get "files/alerts.yaml" | replace "runbook_url: " (printf "runbook_url: %s" .Values.runbookUrl) }}
{{- end }}
