#!/usr/bin/env bash
# Drives the AWS CLI against three edges: $1 is its folder, then their URLs. Every command's exit code counts.
set -u
bin=$1 a=$2 b=$3 c=$4
export AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test AWS_DEFAULT_REGION=eu-central-1 AWS_PAGER= AWS_MAX_ATTEMPTS=1 PATH="$bin:$PATH"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
passed=0 failed=0
lambda() { local url=$1; shift; aws lambda --endpoint-url "$url" "$@"; }
step() {
  local name=$1; shift
  if "$@" > "$work/out" 2>&1; then passed=$((passed + 1)); printf '%-40s ok\n' "$name"
  else failed=$((failed + 1)); printf '%-40s FAILED  %s\n' "$name" "$(head -c 300 "$work/out")"; fi
}
refused() { local with=$1; shift; ! "$@" > "$work/error" 2>&1 && grep -q "$with" "$work/error"; }
answers() { local want=$1; shift; "$@" "$work/answer" > "$work/meta" && [ "$(cat "$work/answer")" = "$want" ]; }

zip() { python3 -c "import sys, zipfile; zipfile.ZipFile(sys.argv[1], 'w').writestr('index.js', sys.argv[2])" "$@"; }
zip "$work/one.zip" 'exports.handler = async () => 1'
zip "$work/two.zip" 'exports.handler = async () => 2'

step 'create-function' lambda "$a" create-function --function-name cli --runtime nodejs22.x --role arn:aws:iam::000000000000:role/any --handler index.handler --zip-file "fileb://$work/one.zip" --environment 'Variables={A=b}' --tags team=edge
step 'wait function-active-v2' lambda "$a" wait function-active-v2 --function-name cli
step 'invoke, on the second edge' answers 1 lambda "$b" invoke --function-name cli --payload '{}'
step 'update-function-code' lambda "$b" update-function-code --function-name cli --zip-file "fileb://$work/two.zip" --publish
step 'wait function-updated-v2' lambda "$b" wait function-updated-v2 --function-name cli
step 'create-alias' lambda "$b" create-alias --function-name cli --name live --function-version 1
step 'invoke the alias' answers 2 lambda "$b" invoke --function-name cli --qualifier live
step 'get-function' lambda "$b" get-function --function-name cli
step 'list-functions' lambda "$c" list-functions
step 'AWS_ENDPOINT_URL_LAMBDA' env AWS_ENDPOINT_URL_LAMBDA="$c" aws lambda get-function --function-name cli
step 'a missing function is refused' refused ResourceNotFoundException lambda "$c" get-function --function-name nobody
step 'delete-function' lambda "$b" delete-function --function-name cli
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
