{{- /* The volume at /var/cache/pixmill. */ -}}
{{- define "pixmill.cacheVolume" -}}
{{- if eq .kind "emptyDir" -}}
- name: cache
  emptyDir:
    sizeLimit: {{ .size }}
{{- else if eq .kind "claimPerPod" -}}
- name: cache
  ephemeral:
    volumeClaimTemplate:
      spec:
        accessModes: [ReadWriteOnce]
        {{- with .storageClassName }}
        storageClassName: {{ . }}
        {{- end }}
        resources:
          requests:
            storage: {{ .size }}
{{- else if eq .kind "existingClaim" -}}
- name: cache
  persistentVolumeClaim:
    claimName: {{ .claimName }}
{{- end }}
{{- end }}
