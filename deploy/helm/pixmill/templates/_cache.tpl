{{- /* The volume at /var/cache/pixmill; empty where a StatefulSet claims one for each pod. */ -}}
{{- define "pixmill.cacheVolume" -}}
{{- $volume := .Values.cacheVolume -}}
{{- if eq $volume.kind "emptyDir" -}}
- name: cache
  emptyDir:
    sizeLimit: {{ $volume.size }}
{{- else if and (eq $volume.kind "claimPerPod") (eq .Values.workload "Deployment") -}}
- name: cache
  ephemeral:
    volumeClaimTemplate:
      spec:
        {{- include "pixmill.cacheClaim" $volume | nindent 8 }}
{{- else if eq $volume.kind "existingClaim" -}}
- name: cache
  persistentVolumeClaim:
    claimName: {{ $volume.claimName }}
{{- end }}
{{- end }}

{{- define "pixmill.cacheClaim" -}}
accessModes: [ReadWriteOnce]
{{- with .storageClassName }}
storageClassName: {{ . }}
{{- end }}
resources:
  requests:
    storage: {{ .size }}
{{- end }}
