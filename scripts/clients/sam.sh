#!/usr/bin/env bash
# Drives SAM's remote invoke against three edges: $1 is its folder, then their URLs.
set -u
bin=$1 a=$2 b=$3
export AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test AWS_DEFAULT_REGION=eu-central-1 SAM_CLI_TELEMETRY=0 PATH="$bin:$PATH"
passed=0 failed=0
arn=arn:aws:lambda:eu-central-1:000000000000:function:sam
step() {
  local name=$1 want=$2 out; shift 2
  out=$("$@" 2>&1)
  if [[ $out == *"$want"* ]]; then passed=$((passed + 1)); printf '%-40s ok\n' "$name"
  else failed=$((failed + 1)); printf '%-40s FAILED  %s\n' "$name" "${out:0:300}"; fi
}
step 'deploy' '"name":"sam"' curl -s -X POST "$a/functions" -H 'content-type: application/json' \
  -d '{"name":"sam","files":{"index.js":"exports.handler = async (event) => { console.log(\"heard\"); if (event.fail) throw new Error(\"asked to\"); return { got: event } }"}}'
export AWS_ENDPOINT_URL_LAMBDA=$b
step 'remote invoke by ARN' '{"got":{"n":1}}' sam remote invoke "$arn" --event '{"n":1}'
step 'its log' 'heard' sam remote invoke "$arn" --event '{}'
step 'a function error' 'asked to' sam remote invoke "$arn" --event '{"fail":1}'
step 'asynchronously' '202' sam remote invoke "$arn" --event '{}' --parameter InvocationType=Event --output json
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
