"""Invocations as clients see them: qualifiers, weights, logs, errors, throttling, streams, events."""
import base64
import json
import re
import time
import urllib.error
import urllib.request

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from model import A, B, C, COVERED, ROLE, URLS, bundle, called, everywhere, refused, step

SOURCE = """exports.handler = async (event, context) => {
  if (event.fail) throw new TypeError('asked to')
  if (event.sleep) await new Promise((done) => setTimeout(done, event.sleep))
  console.log('said', 'x'.repeat(event.lines ?? 0))
  return { n: N, event, id: context.awsRequestId, arn: context.invokedFunctionArn, client: context.clientContext ?? null }
}"""
ARN = "arn:aws:lambda:eu-central-1:000000000000:function:run"


def create(name, source, **more):
    return called(A, "create_function", **{**dict(FunctionName=name, Runtime="nodejs22.x", Role=ROLE, Handler="index.handler", Code={"ZipFile": bundle(source)}), **more})


def invoke(edge, **arguments):
    answer = called(edge, "invoke", **{"FunctionName": "run", **arguments})
    return answer, json.loads(answer["Payload"].read() or "null")


create("run", SOURCE.replace("N", "1", 1), Publish=True)
called(A, "update_function_code", FunctionName="run", ZipFile=bundle(SOURCE.replace("N", "2", 1)), Publish=True)
called(A, "create_alias", FunctionName="run", Name="live", FunctionVersion="1", RoutingConfig={"AdditionalVersionWeights": {"2": 0.5}})
everywhere("get_alias", FunctionName="run", Name="live")


@step("Invoke: names, qualifiers, who executed")
def _():
    for edge in (A, B, C):
        for name in ("run", "function:run", "000000000000:function:run", ARN, "run:$LATEST"):
            answer, payload = invoke(edge, FunctionName=name, Payload=b'{"a":[1]}')
            assert (answer["StatusCode"], answer["ExecutedVersion"], payload["n"], payload["event"]) == (200, "$LATEST", 2, {"a": [1]}), name
            assert payload["id"] == answer["ResponseMetadata"]["RequestId"], "another request id inside"
        for name, qualifier in (("run", "1"), ("run:1", None), (ARN + ":1", None), ("run:1", "1")):
            answer, payload = invoke(edge, FunctionName=name, **({"Qualifier": qualifier} if qualifier else {}))
            assert (answer["ExecutedVersion"], payload["n"]) == ("1", 1), (name, qualifier)
    refused("ResourceNotFoundException", 404, "invoke", FunctionName="nobody")
    refused("ResourceNotFoundException", 404, "invoke", FunctionName="run", Qualifier="9")
    refused("ResourceNotFoundException", 404, "invoke", FunctionName="run:none")
    refused("InvalidParameterValueException", 400, "invoke", FunctionName="run:1", Qualifier="2")


@step("Invoke of an alias goes by weight, also through a function URL")
def _():
    seen = {invoke(A, Qualifier="live")[0]["ExecutedVersion"] for _ in range(40)}
    assert seen == {"1", "2"}, seen
    made = called(A, "create_function_url_config", FunctionName="run", Qualifier="live", AuthType="NONE")
    host = made["FunctionUrl"].split("/")[2]
    seen = {json.load(urllib.request.urlopen(urllib.request.Request(URLS[0], headers={"Host": host})))["n"] for _ in range(40)}
    assert seen == {1, 2}, seen
    called(A, "update_alias", FunctionName="run", Name="live", FunctionVersion="2", RoutingConfig={"AdditionalVersionWeights": {"1": 0.0}})
    assert {invoke(A, Qualifier="live")[0]["ExecutedVersion"] for _ in range(20)} == {"2"}


@step("Invoke: DryRun, logs, client context")
def _():
    assert invoke(B, InvocationType="DryRun")[0]["StatusCode"] == 204
    answer, _ = invoke(B, LogType="Tail", Payload=b'{"lines":9000}')
    tail = base64.b64decode(answer["LogResult"])
    assert len(tail) == 4096 and b"x" * 3000 in tail, len(tail)
    request = answer["ResponseMetadata"]["RequestId"]
    answer, _ = invoke(B, LogType="Tail", Payload=b"{}")
    request, lines = answer["ResponseMetadata"]["RequestId"], base64.b64decode(answer["LogResult"]).decode().split("\n")
    assert lines[0] == f"START RequestId: {request} Version: $LATEST" and lines[1].endswith(f"\t{request}\tINFO\tsaid "), lines
    report = rf"REPORT RequestId: {request}\tDuration: [\d.]+ ms\tBilled Duration: \d+ ms\tMemory Size: 128 MB\tMax Memory Used: \d+ MB\t"
    assert lines[2] == f"END RequestId: {request}" and re.fullmatch(report, lines[3]), lines
    assert "LogResult" not in invoke(B)[0]
    context = base64.b64encode(json.dumps({"custom": {"a": "b"}}).encode()).decode()
    assert invoke(B, ClientContext=context)[1]["client"]["custom"] == {"a": "b"}


@step("Invoke: errors of the function and of the request")
def _():
    answer, payload = invoke(C, Payload=b'{"fail":1}')
    assert (answer["StatusCode"], answer["FunctionError"]) == (200, "Unhandled") and payload["errorType"] == "TypeError", payload
    assert payload["errorMessage"] == "asked to" and isinstance(payload["trace"], list), payload
    refused("InvalidRequestContentException", 400, "invoke", FunctionName="run", Payload=b"{")
    refused("RequestTooLargeException", 413, "invoke", FunctionName="run", Payload=b'"' + b"x" * (6 << 20) + b'"')
    refused("RequestTooLargeException", 413, "invoke", FunctionName="run", InvocationType="Event", Payload=b'"' + b"x" * (1 << 20) + b'"')
    called(A, "update_function_configuration", FunctionName="run", Timeout=1)
    everywhere("get_function_configuration", FunctionName="run")
    answer, payload = invoke(A, Payload=b'{"sleep":5000}')
    assert answer["FunctionError"] == "Unhandled" and payload["errorType"] == "Sandbox.Timedout" and "timed out after 1.00 seconds" in payload["errorMessage"], payload


@step("Reserved concurrency throttles, and says why")
def _():
    called(A, "put_function_concurrency", FunctionName="run", ReservedConcurrentExecutions=0)
    everywhere("get_function_concurrency", FunctionName="run")
    response = refused("TooManyRequestsException", 429, "invoke", FunctionName="run")
    assert response["Reason"] == "ReservedFunctionConcurrentInvocationLimitExceeded" and response["retryAfterSeconds"], response
    called(A, "delete_function_concurrency", FunctionName="run")


@step("InvokeWithResponseStream")
def _():
    create("stream", "exports.handler = awslambda.streamifyResponse(async (event, out) => { console.log('hi'); out.write('one '); if (event.fail) throw new Error('midway'); out.end('two') })")
    everywhere("get_function_configuration", FunctionName="stream")

    def events(payload):
        answer = B.invoke_with_response_stream(FunctionName="stream", LogType="Tail", Payload=payload)
        assert answer["StatusCode"] == 200 and answer["ExecutedVersion"] == "$LATEST" and answer["ResponseStreamContentType"] == "application/vnd.amazon.eventstream", answer
        all = list(answer["EventStream"])
        return b"".join(one["PayloadChunk"]["Payload"] for one in all if "PayloadChunk" in one), all[-1]["InvokeComplete"]

    text, end = events(b"{}")
    assert text == b"one two" and "ErrorCode" not in end, end
    log = base64.b64decode(end["LogResult"]).decode()
    assert log.startswith("START RequestId: ") and "\tINFO\thi\n" in log and "Memory Size: 128 MB" in log, log
    text, end = events(b'{"fail":1}')
    assert text == b"one " and end["ErrorCode"] == "Unhandled" and "midway" in end["ErrorDetails"], end
    refused("ResourceNotFoundException", 404, "invoke_with_response_stream", FunctionName="nobody")
    COVERED.add("InvokeWithResponseStream")


@step("Invoke: Event, destinations, InvokeAsync")
def _():
    create("seen", "exports.handler = async (event) => event")
    called(A, "put_function_event_invoke_config", FunctionName="seen", DestinationConfig={"OnSuccess": {"Destination": ARN}}, MaximumRetryAttempts=0)
    answer, payload = invoke(B, FunctionName="seen", InvocationType="Event", Payload=b'{"n":1}')
    assert answer["StatusCode"] == 202 and payload is None and answer["ResponseMetadata"]["RequestId"]
    assert called(B, "invoke_async", FunctionName="seen", InvokeArgs=b"{}")["Status"] == 202
    refused("ResourceNotFoundException", 404, "invoke_async", FunctionName="nobody", InvokeArgs=b"{}")


@step("A function URL with AuthType AWS_IAM takes signed requests")
def _():
    made = called(A, "create_function_url_config", FunctionName="seen", AuthType="AWS_IAM")
    host = made["FunctionUrl"].split("/")[2]
    try:
        urllib.request.urlopen(urllib.request.Request(URLS[0], headers={"Host": host}))
        raise AssertionError("an unsigned request was taken")
    except urllib.error.HTTPError as error:
        assert error.code == 403 and json.load(error)["Message"] == "Forbidden", error
    request = AWSRequest("GET", URLS[0] + "/", headers={"Host": host})
    SigV4Auth(Credentials("test", "test"), "lambda", "eu-central-1").add_auth(request)
    answer = json.load(urllib.request.urlopen(urllib.request.Request(URLS[0] + "/", headers=dict(request.headers))))
    assert answer["requestContext"]["http"]["method"] == "GET", answer
    for name in ("run", "stream", "seen"):
        called(A, "delete_function", FunctionName=name)
