"""Drives AWS Lambda's control API with boto3 against three edges: argv is their URLs. Prints a table; exits 1 on a failure.

Every answer is parsed by botocore and checked against its own model: unknown, missing and wrongly typed members fail.
"""
import base64, hashlib, io, json, sys, time, urllib.request, zipfile

import boto3
import botocore.loaders
from botocore.config import Config
from botocore.exceptions import ClientError

URLS = sys.argv[1:]
ROLE = "arn:aws:iam::000000000000:role/any"
MODEL = botocore.loaders.Loader().load_service_model("lambda", "service-2")
rows = []


def client(url):
    return boto3.client("lambda", endpoint_url=url, region_name="eu-central-1", aws_access_key_id="test", aws_secret_access_key="test",
                        config=Config(retries={"max_attempts": 0}, read_timeout=30))


A, B, C = (client(url) for url in URLS)


def check(shape_name, value, path=""):
    """What of a parsed answer is not as the model says."""
    shape = MODEL["shapes"][shape_name]
    kind = shape["type"]
    if kind == "structure":
        members = shape.get("members", {})
        out = [f"{path}.{name} is missing" for name in shape.get("required", []) if name not in value]
        for name, inner in value.items():
            if name == "ResponseMetadata":
                continue
            out += check(members[name]["shape"], inner, f"{path}.{name}") if name in members else [f"{path}.{name} is unknown"]
        return out
    if kind == "list":
        return [problem for item in value for problem in check(shape["member"]["shape"], item, path + "[]")]
    if kind == "map":
        return [problem for item in value.values() for problem in check(shape["value"]["shape"], item, path + "{}")]
    types = {"string": str, "integer": int, "long": int, "boolean": bool, "double": (int, float)}
    if kind in types and not isinstance(value, types[kind]):
        return [f"{path} is no {kind}: {value!r}"]
    if kind == "string" and "enum" in shape and value not in shape["enum"]:
        return [f"{path} is none of the model's values: {value!r}"]
    if kind == "string" and "pattern" in shape and value != "":
        import re
        # Python has no Unicode classes.
        pattern = re.sub(r"\\p\{\w+\}", r"\\w\\s", shape["pattern"])
        if not re.fullmatch(pattern, value):
            return [f"{path} does not match the model's pattern: {value!r}"]
    return []


def operation(name):
    return "".join(word.capitalize() for word in name.split("_"))


def called(edge, method, **arguments):
    answer = getattr(edge, method)(**arguments)
    model = MODEL["operations"][operation(method)]
    assert "x-amzn-requestid" in answer["ResponseMetadata"]["HTTPHeaders"], "no x-amzn-RequestId"
    if "output" in model:
        problems = check(model["output"]["shape"], answer)
        assert not problems, problems
    return answer


def step(name):
    def run(body):
        started = time.monotonic()
        try:
            note = body() or ""
            rows.append((name, "ok", note, time.monotonic() - started))
        except Exception as error:  # every operation gets its row
            rows.append((name, "FAILED", f"{type(error).__name__}: {str(error)[:300]}", time.monotonic() - started))
    return run


def refused(code, status, method, **arguments):
    try:
        getattr(A, method)(**arguments)
    except ClientError as error:
        got = (error.response["Error"]["Code"], error.response["ResponseMetadata"]["HTTPStatusCode"])
        assert got == (code, status), got
        assert error.response["Error"]["Message"], "no message"
        assert isinstance(error, getattr(A.exceptions, code)), "not the modelled exception"
        return
    raise AssertionError(f"{method} was not refused with {code}")


def plain(answer):
    return {key: value for key, value in answer.items() if key != "ResponseMetadata"}


def everywhere(method, want=None, **arguments):
    """B and C answer as A does, within the time a change needs to travel."""
    expected = None
    for edge in (B, C):
        deadline = time.monotonic() + 5
        while True:
            expected = plain(called(A, method, **arguments))
            try:
                got = plain(called(edge, method, **arguments))
            except ClientError as error:
                got = str(error)
            if json.dumps(got, default=str, sort_keys=True).replace(edge.meta.endpoint_url, A.meta.endpoint_url) == json.dumps(expected, default=str, sort_keys=True):
                break
            assert time.monotonic() < deadline, f"A: {expected} but {edge.meta.endpoint_url}: {got}"
            time.sleep(0.01)
    return expected


def bundle(source, name="index.js"):
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, source)
    return data.getvalue()


def sha(data):
    return base64.b64encode(hashlib.sha256(data).digest()).decode()


ONE, TWO, THREE = (bundle(f"exports.handler = async (e) => ({{ n: {n}, e, env: process.env.GREETING }})") for n in (1, 2, 3))
ARN = "arn:aws:lambda:eu-central-1:000000000000:function:hello"


@step("CreateFunction")
def _():
    made = called(A, "create_function", FunctionName="hello", Runtime="nodejs22.x", Role=ROLE, Handler="index.handler", Code={"ZipFile": ONE},
                  MemorySize=256, Timeout=5, Description="first", Environment={"Variables": {"GREETING": "hi"}}, Tags={"team": "edge"})
    assert made["ResponseMetadata"]["HTTPStatusCode"] == 201
    assert (made["FunctionArn"], made["CodeSha256"], made["CodeSize"], made["Version"]) == (ARN, sha(ONE), len(ONE), "$LATEST"), made
    A.get_waiter("function_active_v2").wait(FunctionName="hello")
    A.get_waiter("function_exists").wait(FunctionName="hello")
    refused("ResourceConflictException", 409, "create_function", FunctionName="hello", Runtime="nodejs22.x", Role=ROLE, Handler="index.handler", Code={"ZipFile": ONE})
    refused("InvalidParameterValueException", 400, "create_function", FunctionName="bad", Runtime="nodejs22.x", Role=ROLE, Handler="index.handler", Code={"ZipFile": b"no zip"})
    refused("InvalidParameterValueException", 400, "create_function", FunctionName="bad", Runtime="python3.12", Role=ROLE, Handler="index.handler", Code={"ZipFile": ONE})
    refused("InvalidParameterValueException", 400, "create_function", FunctionName="bad", Runtime="nodejs22.x", Role=ROLE, Handler="other.handler", Code={"ZipFile": ONE})


@step("GetFunction")
def _():
    got = everywhere("get_function", FunctionName="hello")
    assert got["Tags"] == {"team": "edge"} and got["Configuration"]["Environment"] == {"Variables": {"GREETING": "hi"}}, got
    for edge in (A, B, C):
        location = called(edge, "get_function", FunctionName="hello")["Code"]["Location"]
        assert urllib.request.urlopen(location).read() == ONE, "the code is not what was sent"
    for name in (ARN, ARN + ":$LATEST", "000000000000:function:hello", "hello:$LATEST"):
        assert called(A, "get_function", FunctionName=name)["Configuration"]["FunctionName"] == "hello"
    refused("ResourceNotFoundException", 404, "get_function", FunctionName="nowhere")


@step("GetFunctionConfiguration")
def _():
    got = everywhere("get_function_configuration", FunctionName="hello")
    assert (got["State"], got["LastUpdateStatus"], got["MemorySize"], got["Timeout"]) == ("Active", "Successful", 256, 5), got


@step("Invoke of what was created, on C")
def _():
    answer = C.invoke(FunctionName="hello", Payload=b'{"a":1}')
    assert json.load(answer["Payload"]) == {"n": 1, "e": {"a": 1}, "env": "hi"} and answer["StatusCode"] == 200


@step("ListFunctions")
def _():
    for n in range(3):
        called(B, "create_function", FunctionName=f"list-{n}", Runtime="nodejs20.x", Role=ROLE, Handler="index.handler", Code={"ZipFile": ONE})
    everywhere("list_functions")
    first = called(A, "list_functions", MaxItems=2)
    assert len(first["Functions"]) == 2 and first["NextMarker"]
    names = [one["FunctionName"] for page in A.get_paginator("list_functions").paginate(PaginationConfig={"PageSize": 2}) for one in page["Functions"]]
    assert names == ["hello", "list-0", "list-1", "list-2"], names
    for n in range(3):
        called(C, "delete_function", FunctionName=f"list-{n}")


@step("UpdateFunctionCode")
def _():
    before = called(A, "get_function_configuration", FunctionName="hello")
    dry = called(A, "update_function_code", FunctionName="hello", ZipFile=TWO, DryRun=True)
    assert dry["CodeSha256"] == sha(TWO) and called(A, "get_function_configuration", FunctionName="hello")["CodeSha256"] == sha(ONE)
    refused("PreconditionFailedException", 412, "update_function_code", FunctionName="hello", ZipFile=TWO, RevisionId="stale")
    made = called(A, "update_function_code", FunctionName="hello", ZipFile=TWO, RevisionId=before["RevisionId"])
    assert made["CodeSha256"] == sha(TWO) and made["MemorySize"] == 256
    A.get_waiter("function_updated_v2").wait(FunctionName="hello")
    everywhere("get_function", FunctionName="hello")
    assert json.load(B.invoke(FunctionName="hello", Payload=b"{}")["Payload"])["n"] == 2
    refused("InvalidParameterValueException", 400, "update_function_code", FunctionName="hello", ZipFile=bundle("exports.handler = ("))
    refused("InvalidParameterValueException", 400, "update_function_code", FunctionName="hello", S3Bucket="bucket", S3Key="key")
    assert json.load(B.invoke(FunctionName="hello", Payload=b"{}")["Payload"])["n"] == 2


@step("UpdateFunctionConfiguration")
def _():
    refused("PreconditionFailedException", 412, "update_function_configuration", FunctionName="hello", Timeout=6, RevisionId="stale")
    made = called(B, "update_function_configuration", FunctionName="hello", Timeout=7, Environment={"Variables": {"GREETING": "hey"}}, Description="second")
    assert (made["Timeout"], made["MemorySize"], made["Description"], made["CodeSha256"]) == (7, 256, "second", sha(TWO))
    B.get_waiter("function_updated").wait(FunctionName="hello")
    everywhere("get_function_configuration", FunctionName="hello")
    assert json.load(C.invoke(FunctionName="hello", Payload=b"{}")["Payload"])["env"] == "hey"
    refused("InvalidParameterValueException", 400, "update_function_configuration", FunctionName="hello", Environment={"Variables": {"AWS_REGION": "x"}})
    refused("InvalidParameterValueException", 400, "update_function_configuration", FunctionName="hello", Layers=["arn:aws:lambda:eu-central-1:000000000000:layer:a:1"])


@step("PublishVersion")
def _():
    refused("InvalidParameterValueException", 400, "publish_version", FunctionName="hello", CodeSha256=sha(ONE))
    one = called(A, "publish_version", FunctionName="hello", CodeSha256=sha(TWO), Description="v1")
    assert (one["Version"], one["FunctionArn"], one["Description"]) == ("1", ARN + ":1", "v1"), one
    again = called(A, "publish_version", FunctionName="hello")
    assert again["Version"] == "1", "unchanged, and still a new version"
    two = called(A, "update_function_code", FunctionName="hello", ZipFile=THREE, Publish=True)
    assert two["Version"] == "2", two
    frozen = everywhere("get_function", FunctionName="hello", Qualifier="1")
    assert frozen["Configuration"]["CodeSha256"] == sha(TWO)
    assert urllib.request.urlopen(frozen["Code"]["Location"]).read() == TWO
    refused("ResourceNotFoundException", 404, "get_function", FunctionName="hello", Qualifier="9")


@step("ListVersionsByFunction")
def _():
    got = everywhere("list_versions_by_function", FunctionName="hello")
    assert [one["Version"] for one in got["Versions"]] == ["$LATEST", "1", "2"], got
    versions = [one["Version"] for page in A.get_paginator("list_versions_by_function").paginate(FunctionName="hello", PaginationConfig={"PageSize": 1}) for one in page["Versions"]]
    assert versions == ["$LATEST", "1", "2"]
    assert len(called(A, "list_functions", FunctionVersion="ALL")["Functions"]) == 3


@step("CreateAlias")
def _():
    made = called(A, "create_alias", FunctionName="hello", Name="live", FunctionVersion="1", Description="a", RoutingConfig={"AdditionalVersionWeights": {"2": 0.25}})
    assert made["AliasArn"] == ARN + ":live" and made["RoutingConfig"]["AdditionalVersionWeights"] == {"2": 0.25}
    refused("ResourceConflictException", 409, "create_alias", FunctionName="hello", Name="live", FunctionVersion="1")
    refused("ResourceNotFoundException", 404, "create_alias", FunctionName="hello", Name="other", FunctionVersion="9")
    refused("ResourceConflictException", 409, "delete_function", FunctionName="hello", Qualifier="1")


@step("GetAlias, ListAliases")
def _():
    everywhere("get_alias", FunctionName="hello", Name="live")
    got = everywhere("list_aliases", FunctionName="hello")
    assert len(got["Aliases"]) == 1
    assert called(A, "list_aliases", FunctionName="hello", FunctionVersion="2")["Aliases"] == []
    assert called(B, "get_function_configuration", FunctionName="hello:live")["Version"] == "1"
    refused("ResourceNotFoundException", 404, "get_alias", FunctionName="hello", Name="none")


@step("UpdateAlias")
def _():
    before = called(A, "get_alias", FunctionName="hello", Name="live")
    refused("PreconditionFailedException", 412, "update_alias", FunctionName="hello", Name="live", FunctionVersion="2", RevisionId="stale")
    made = called(A, "update_alias", FunctionName="hello", Name="live", FunctionVersion="2", RoutingConfig={"AdditionalVersionWeights": {}}, RevisionId=before["RevisionId"])
    assert made["FunctionVersion"] == "2" and "RoutingConfig" not in made and made["Description"] == "a"
    everywhere("get_alias", FunctionName="hello", Name="live")


@step("Function URLs")
def _():
    made = called(A, "create_function_url_config", FunctionName="hello", AuthType="NONE", Cors={"AllowOrigins": ["*"], "MaxAge": 60})
    assert 40 <= len(made["FunctionUrl"]) <= 100 and made["InvokeMode"] == "BUFFERED", made
    refused("ResourceConflictException", 409, "create_function_url_config", FunctionName="hello", AuthType="NONE")
    called(A, "create_function_url_config", FunctionName="hello", Qualifier="live", AuthType="AWS_IAM", InvokeMode="RESPONSE_STREAM")
    called(A, "update_function_url_config", FunctionName="hello", AuthType="AWS_IAM")
    called(A, "get_function_url_config", FunctionName="hello", Qualifier="live")
    assert len(called(A, "list_function_url_configs", FunctionName="hello")["FunctionUrlConfigs"]) == 2
    called(A, "delete_function_url_config", FunctionName="hello", Qualifier="live")
    refused("ResourceNotFoundException", 404, "get_function_url_config", FunctionName="hello", Qualifier="live")


@step("Tags")
def _():
    called(A, "tag_resource", Resource=ARN, Tags={"a": "1", "b c": "2"})
    assert everywhere("list_tags", Resource=ARN)["Tags"] == {"team": "edge", "a": "1", "b c": "2"}
    called(A, "untag_resource", Resource=ARN, TagKeys=["team", "b c"])
    assert everywhere("list_tags", Resource=ARN)["Tags"] == {"a": "1"}


@step("Function concurrency")
def _():
    assert plain(called(A, "get_function_concurrency", FunctionName="hello")) == {}
    called(A, "put_function_concurrency", FunctionName="hello", ReservedConcurrentExecutions=5)
    assert everywhere("get_function_concurrency", FunctionName="hello") == {"ReservedConcurrentExecutions": 5}
    assert called(A, "get_function", FunctionName="hello")["Concurrency"] == {"ReservedConcurrentExecutions": 5}
    called(A, "delete_function_concurrency", FunctionName="hello")
    assert everywhere("get_function_concurrency", FunctionName="hello") == {}


@step("Event invoke config")
def _():
    refused("ResourceNotFoundException", 404, "get_function_event_invoke_config", FunctionName="hello")
    made = called(A, "put_function_event_invoke_config", FunctionName="hello", MaximumRetryAttempts=1, DestinationConfig={"OnFailure": {"Destination": ARN}})
    assert made["FunctionArn"] == ARN + ":$LATEST" and made["DestinationConfig"]["OnSuccess"] == {}, made
    called(A, "update_function_event_invoke_config", FunctionName="hello", MaximumEventAgeInSeconds=60)
    got = everywhere("get_function_event_invoke_config", FunctionName="hello")
    assert (got["MaximumRetryAttempts"], got["MaximumEventAgeInSeconds"]) == (1, 60)
    assert len(called(A, "list_function_event_invoke_configs", FunctionName="hello")["FunctionEventInvokeConfigs"]) == 1
    called(A, "delete_function_event_invoke_config", FunctionName="hello")


@step("Resource policy")
def _():
    refused("ResourceNotFoundException", 404, "get_policy", FunctionName="hello")
    added = called(A, "add_permission", FunctionName="hello", StatementId="s1", Action="lambda:InvokeFunction", Principal="events.amazonaws.com", SourceArn="arn:aws:events:eu-central-1:000000000000:rule/r")
    assert json.loads(added["Statement"])["Condition"]["ArnLike"]["AWS:SourceArn"].endswith("rule/r")
    called(A, "add_permission", FunctionName="hello", StatementId="s2", Action="lambda:InvokeFunctionUrl", Principal="*", FunctionUrlAuthType="NONE")
    refused("ResourceConflictException", 409, "add_permission", FunctionName="hello", StatementId="s1", Action="lambda:InvokeFunction", Principal="*")
    got = everywhere("get_policy", FunctionName="hello")
    assert [one["Sid"] for one in json.loads(got["Policy"])["Statement"]] == ["s1", "s2"]
    called(A, "remove_permission", FunctionName="hello", StatementId="s1", RevisionId=got["RevisionId"])
    called(A, "remove_permission", FunctionName="hello", StatementId="s2")
    refused("ResourceNotFoundException", 404, "get_policy", FunctionName="hello")


@step("Account, code signing, runtime management, layers")
def _():
    account = everywhere("get_account_settings")
    assert account["AccountUsage"]["FunctionCount"] == 1, account
    assert called(A, "get_function_code_signing_config", FunctionName="hello")["FunctionName"] == "hello"
    assert called(A, "get_runtime_management_config", FunctionName="hello")["UpdateRuntimeOn"] == "Auto"
    called(A, "put_runtime_management_config", FunctionName="hello", UpdateRuntimeOn="FunctionUpdate")
    assert everywhere("get_runtime_management_config", FunctionName="hello")["UpdateRuntimeOn"] == "FunctionUpdate"
    assert called(A, "list_layers")["Layers"] == []
    refused("InvalidParameterValueException", 400, "publish_layer_version", LayerName="l", Content={"ZipFile": ONE})


@step("Invoke of a version and an alias")
def _():
    for edge in (A, B, C):
        for qualifier, n in (("1", 2), ("2", 3), ("live", 3)):
            answer = edge.invoke(FunctionName="hello", Qualifier=qualifier, Payload=b"{}")
            assert json.load(answer["Payload"])["n"] == n, qualifier
            assert answer["ExecutedVersion"] == ("1" if qualifier == "1" else "2"), answer.get("ExecutedVersion")


@step("DeleteAlias, DeleteFunction")
def _():
    called(A, "delete_alias", FunctionName="hello", Name="live")
    called(A, "delete_alias", FunctionName="hello", Name="live")
    called(A, "delete_function", FunctionName="hello", Qualifier="1")
    got = everywhere("list_versions_by_function", FunctionName="hello")
    assert [one["Version"] for one in got["Versions"]] == ["$LATEST", "2"]
    called(A, "delete_function", FunctionName="hello")
    refused("ResourceNotFoundException", 404, "delete_function", FunctionName="hello")
    refused("ResourceNotFoundException", 404, "get_function", FunctionName="hello", Qualifier="2")
    everywhere("list_functions")
    made = called(A, "create_function", FunctionName="hello", Runtime="nodejs22.x", Role=ROLE, Handler="index.handler", Code={"ZipFile": ONE}, Publish=True)
    assert made["Version"] == "3", "a version's number was used again"
    assert everywhere("list_tags", Resource=ARN)["Tags"] == {}
    called(A, "delete_function", FunctionName="hello")


width = max(len(name) for name, *_ in rows)
for name, state, note, seconds in rows:
    print(f"{name:<{width}}  {state:<6}  {seconds * 1000:6.0f} ms  {note}")
failed = sum(state != "ok" for _, state, *_ in rows)
print(f"{len(rows) - failed} passed, {failed} failed")
sys.exit(1 if failed else 0)
