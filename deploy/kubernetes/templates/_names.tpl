{{- define "throughline.image" -}}
{{ .Values.image.repository }}{{ if .Values.image.digest }}@{{ .Values.image.digest }}{{ else }}:{{ .Values.image.tag | default .Chart.AppVersion }}{{ end }}
{{- end }}

{{/* crisis_routing is crisis-routing wherever Kubernetes names it */}}
{{- define "throughline.name" -}}
{{ printf "%s-%s" .root.Release.Name (replace "_" "-" .service) }}
{{- end }}

{{- define "throughline.secret" -}}
{{ printf "%s%s" .root.Values.secretPrefix (replace "_" "-" .of) }}
{{- end }}

{{- define "throughline.selector" -}}
app.kubernetes.io/name: {{ replace "_" "-" .service }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
{{- end }}

{{- define "throughline.peer" -}}
podSelector: {matchLabels: {{ include "throughline.selector" . | fromYaml | toJson }}}
{{- end }}

{{- define "throughline.labels" -}}
{{ include "throughline.selector" . }}
app.kubernetes.io/part-of: throughline
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version }}
{{- end }}

{{/* nobody is root, nothing is written but /tmp, no capability is kept */}}
{{- define "throughline.podSecurity" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
fsGroup: 10001
seccompProfile: {type: RuntimeDefault}
{{- end }}

{{- define "throughline.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end }}

{{/* what every process is told; what is secret it reads from files */}}
{{- define "throughline.environment" -}}
{{- $told := dict "NETWORK" .root.Values.network "KAFKA_BOOTSTRAP" .root.Values.kafka.bootstrap "HTTP_HOST" "0.0.0.0" "HTTP_PORT" 8080
  "LANES" .root.Values.lanes "STOP_SECONDS" 25 "ISSUER" .root.Values.identity.issuer "JWKS" .root.Values.identity.jwks
  "AUDIENCE" .root.Values.identity.audience "TRACE_ENDPOINT" .root.Values.traces.endpoint "TRACE_SAMPLING_RATIO" .root.Values.traces.ratio
  "SERVICE" .of -}}
{{- if .root.Values.ingress.enabled }}{{ $_ := set $told "BOARD_URL" (printf "https://%s" .root.Values.ingress.host) }}{{ end -}}
{{- with .reads }}{{ $_ := set $told "READS" . }}{{ end -}}
{{- if .root.Values.kafka.caSecret }}{{ $_ := set $told "KAFKA_CA_FILE" "/run/kafka-ca/ca.crt" }}{{ end -}}
{{- if .root.Values.rules }}{{ $_ := set $told "RULES" "/etc/throughline/rules" }}{{ end -}}
{{- with .calls }}{{ $urls := list }}
{{- range . }}{{ $urls = append $urls (printf "%s=http://%s" . (include "throughline.name" (dict "root" $.root "service" .))) }}{{ end }}
{{- $_ := set $told "SERVICE_URLS" (join "," $urls) }}{{ end -}}
{{- range $name, $value := merge (dict) (default (dict) .settings) .root.Values.settings $told }}
- {name: THROUGHLINE_{{ $name }}, value: {{ $value | toString | quote }}}
{{- end }}
{{- end }}

{{/* who may come in, where it may go; nothing else passes */}}
{{- define "throughline.policy" -}}
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: {{ include "throughline.name" . }}
  labels: {{- include "throughline.labels" . | nindent 4 }}
spec:
  podSelector:
    matchLabels: {{- include "throughline.selector" . | nindent 6 }}
  policyTypes: [Ingress, Egress]
  {{- with .callers }}
  ingress:
    - from: {{- toYaml . | nindent 8 }}
      ports: [{port: 8080, protocol: TCP}]
  {{- end }}
  egress:
    - to: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: kube-system}}}]
      ports: [{port: 53, protocol: UDP}, {port: 53, protocol: TCP}]
    {{- range .calls }}
    - to: [{{ include "throughline.peer" (dict "root" $.root "service" .) | fromYaml | toJson }}]
      ports: [{port: 8080, protocol: TCP}]
    {{- end }}
    {{- range $peer := list "kafka" "mongo" "issuer" "mail" "traces" }}
    {{- with index $.root.Values.policies $peer }}
    - to: {{- toYaml . | nindent 8 }}
      ports: [{port: {{ index $.root.Values.ports $peer }}, protocol: TCP}]
    {{- end }}
    {{- end }}
{{- end }}
