{{- /* Where pods run and how they resolve names: of the server and of batches. */ -}}
{{- define "pixmill.placement" -}}
{{- with .Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with .Values.runtimeClassName }}
runtimeClassName: {{ . }}
{{- end }}
{{- with .Values.schedulerName }}
schedulerName: {{ . }}
{{- end }}
{{- with .Values.dnsPolicy }}
dnsPolicy: {{ . }}
{{- end }}
{{- with .Values.dnsConfig }}
dnsConfig:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.hostAliases }}
hostAliases:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- /* What every pod of the chart is: without privileges, a token, or variables of Services. */ -}}
{{- define "pixmill.podBasics" -}}
# A Service called pixmill would set PIXMILL_PORT=tcp://…, which is not a port.
enableServiceLinks: false
automountServiceAccountToken: {{ .Values.serviceAccount.automountToken }}
serviceAccountName: {{ include "pixmill.serviceAccountName" . }}
securityContext:
  {{- toYaml .Values.podSecurityContext | nindent 2 }}
{{- end }}

{{- define "pixmill.environment" -}}
envFrom:
  - configMapRef:
      name: {{ include "pixmill.fullname" . }}
  {{- with include "pixmill.secretName" . }}
  - secretRef:
      name: {{ . }}
  {{- end }}
  {{- with .Values.envFrom }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- with .Values.env }}
env:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- /* The template of the server's pods, of a Deployment or a StatefulSet. */ -}}
{{- define "pixmill.pod" -}}
metadata:
  labels:
    {{- include "pixmill.labels" . | nindent 4 }}
    {{- with .Values.podLabels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  annotations:
    # Changed settings and secrets trigger a rollout.
    checksum/settings: {{ include (print $.Template.BasePath "/configmap.yaml") . | sha256sum }}
    checksum/secrets: {{ include (print $.Template.BasePath "/secret.yaml") . | sha256sum }}
    {{- with .Values.podAnnotations }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  {{- include "pixmill.podBasics" . | nindent 2 }}
  terminationGracePeriodSeconds: {{ include "pixmill.gracePeriod" . }}
  {{- with .Values.initContainers }}
  initContainers:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  containers:
    - name: pixmill
      image: {{ include "pixmill.image" . | quote }}
      imagePullPolicy: {{ .Values.image.pullPolicy }}
      securityContext:
        {{- toYaml .Values.securityContext | nindent 8 }}
      {{- include "pixmill.environment" . | nindent 6 }}
      {{- with .Values.lifecycle }}
      lifecycle:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      ports:
        - name: http
          containerPort: {{ .Values.settings.port }}
        {{- with include "pixmill.operatorsPort" . }}
        - name: operators
          containerPort: {{ . }}
        {{- end }}
      startupProbe:
        httpGet:
          path: /health/live
          port: http
        periodSeconds: 1
        failureThreshold: 60
      livenessProbe:
        httpGet:
          path: /health/live
          port: http
        periodSeconds: 10
        timeoutSeconds: 5
        failureThreshold: 3
      readinessProbe:
        httpGet:
          path: /health/ready
          port: http
        periodSeconds: 5
        # Longer than the server's own limit, so that the server reports what is wrong.
        timeoutSeconds: {{ add 1 (include "pixmill.seconds" .Values.settings.ready_timeout_s) }}
        failureThreshold: 2
      resources:
        {{- include "pixmill.resources" . | nindent 8 }}
      {{- if or (ne .Values.cacheVolume.kind "none") .Values.volumeMounts }}
      volumeMounts:
        {{- if ne .Values.cacheVolume.kind "none" }}
        - name: cache
          mountPath: /var/cache/pixmill
        {{- end }}
        {{- with .Values.volumeMounts }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
      {{- end }}
    {{- with .Values.extraContainers }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  {{- $cache := include "pixmill.cacheVolume" . }}
  {{- if or $cache .Values.volumes }}
  volumes:
    {{- with $cache }}
    {{- . | nindent 4 }}
    {{- end }}
    {{- with .Values.volumes }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  {{- end }}
  {{- if .Values.topologySpreadConstraints }}
  topologySpreadConstraints:
    {{- range .Values.topologySpreadConstraints }}
    - {{- toYaml . | nindent 6 }}
      {{- if not .labelSelector }}
      labelSelector:
        matchLabels:
          {{- include "pixmill.selector" $ | nindent 10 }}
      {{- end }}
    {{- end }}
  {{- end }}
  {{- include "pixmill.placement" . | nindent 2 }}
{{- end }}

{{- /* An emptyDir counts as ephemeral storage: without a request the node may be too small, and evict the pod. */ -}}
{{- define "pixmill.resources" -}}
{{- $resources := deepCopy .Values.resources -}}
{{- if and (eq .Values.cacheVolume.kind "emptyDir") (not (hasKey (default dict $resources.requests) "ephemeral-storage")) -}}
{{- $_ := set $resources "requests" (merge (default dict $resources.requests) (dict "ephemeral-storage" .Values.cacheVolume.size)) -}}
{{- end -}}
{{ toYaml $resources }}
{{- end }}
