"""Functions, versions and aliases: every operation, asked of one edge and answered the same by the others."""
import json
import urllib.request

from model import A, B, C, ROLE, bundle, called, everywhere, plain, refused, sha, step

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
    for change in ({"PackageType": "Image", "Code": {"ImageUri": "x"}}, {"Code": {"S3Bucket": "bucket", "S3Key": "key"}}, {"Layers": ["arn:aws:lambda:eu-central-1:000000000000:layer:a:1"]},
                   {"VpcConfig": {"SubnetIds": ["subnet-1"], "SecurityGroupIds": ["sg-1"]}}, {"DeadLetterConfig": {"TargetArn": "arn:aws:sqs:eu-central-1:000000000000:q"}},
                   {"Environment": {"Variables": {"AWS_REGION": "x"}}}, {"Timeout": 901}, {"CodeSigningConfigArn": "arn:aws:lambda:eu-central-1:000000000000:code-signing-config:csc-00000000000000000"}):
        refused("InvalidParameterValueException", 400, "create_function", **{**dict(FunctionName="bad", Runtime="nodejs22.x", Role=ROLE, Handler="index.handler", Code={"ZipFile": ONE}), **change})
    refused("InvalidParameterValueException", 400, "create_function", FunctionName="bad", Role=ROLE, Handler="index.handler", Code={"ZipFile": ONE})
    refused("InvalidParameterValueException", 400, "create_function", FunctionName="bad", Runtime="nodejs22.x", Role="nobody", Handler="index.handler", Code={"ZipFile": ONE})
    refused("ResourceNotFoundException", 404, "get_function", FunctionName="bad")


@step("What a configuration says is shown as it was said")
def _():
    asked = dict(Runtime="nodejs24.x", Role="arn:aws:iam::000000000000:role/path/own", Architectures=["arm64"], EphemeralStorage={"Size": 1024}, TracingConfig={"Mode": "Active"},
                 SnapStart={"ApplyOn": "PublishedVersions"}, LoggingConfig={"LogFormat": "JSON", "ApplicationLogLevel": "DEBUG", "SystemLogLevel": "WARN", "LogGroup": "/own/group"})
    made = called(A, "create_function", FunctionName="kept", Handler="index.handler", Code={"ZipFile": ONE}, Layers=[], VpcConfig={"SubnetIds": [], "SecurityGroupIds": []}, **asked)
    for answer in (made, everywhere("get_function_configuration", FunctionName="kept"), called(A, "update_function_configuration", FunctionName="kept", Description="d")):
        assert all(answer[key] == value for key, value in asked.items() if key != "SnapStart"), answer
        assert answer["SnapStart"] == {"ApplyOn": "PublishedVersions", "OptimizationStatus": "Off"} and answer["PackageType"] == "Zip"
    called(A, "delete_function", FunctionName="kept")


@step("GetFunction")
def _():
    got = everywhere("get_function", FunctionName="hello")
    assert got["Tags"] == {"team": "edge"} and got["Configuration"]["Environment"] == {"Variables": {"GREETING": "hi"}}, got
    for edge in (A, B, C):
        location = called(edge, "get_function", FunctionName="hello")["Code"]["Location"]
        assert sha(urllib.request.urlopen(location).read()) == sha(ONE), "the code is not what was sent"
    for name in (ARN, ARN + ":$LATEST", "000000000000:function:hello", "hello:$LATEST", "function:hello", "000000000000:hello"):
        assert called(A, "get_function", FunctionName=name)["Configuration"]["FunctionName"] == "hello"
    refused("ResourceNotFoundException", 404, "get_function", FunctionName="nowhere")
    refused("InvalidParameterValueException", 400, "get_function", FunctionName="hello:1", Qualifier="2")


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
    # What goes meanwhile moves nothing.
    called(A, "delete_function", FunctionName="list-0")
    assert [one["FunctionName"] for one in called(A, "list_functions", Marker=first["NextMarker"])["Functions"]] == ["list-1", "list-2"]
    for n in (1, 2):
        called(C, "delete_function", FunctionName=f"list-{n}")
    refused("InvalidParameterValueException", 400, "list_functions", Marker="*")


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
    for page in (1, 2, 50):
        found = [one["FunctionArn"] for one in A.get_paginator("list_functions").paginate(FunctionVersion="ALL", PaginationConfig={"PageSize": page}).search("Functions[]")]
        assert found == [f"{ARN}:$LATEST", f"{ARN}:1", f"{ARN}:2"], found


@step("CreateAlias")
def _():
    made = called(A, "create_alias", FunctionName="hello", Name="live", FunctionVersion="1", Description="a", RoutingConfig={"AdditionalVersionWeights": {"2": 0.25}})
    assert made["AliasArn"] == ARN + ":live" and made["RoutingConfig"]["AdditionalVersionWeights"] == {"2": 0.25}
    refused("ResourceConflictException", 409, "create_alias", FunctionName="hello", Name="live", FunctionVersion="1")
    refused("ResourceNotFoundException", 404, "create_alias", FunctionName="hello", Name="other", FunctionVersion="9")
    refused("InvalidParameterValueException", 400, "create_alias", FunctionName="hello", Name="12", FunctionVersion="1")
    refused("InvalidParameterValueException", 400, "create_alias", FunctionName="hello", Name="other", FunctionVersion="$LATEST", RoutingConfig={"AdditionalVersionWeights": {"1": 0.5}})
    refused("InvalidParameterValueException", 400, "create_alias", FunctionName="hello", Name="other", FunctionVersion="1", RoutingConfig={"AdditionalVersionWeights": {"1": 0.5}})
    refused("ResourceConflictException", 409, "delete_function", FunctionName="hello", Qualifier="1")


@step("GetAlias, ListAliases")
def _():
    everywhere("get_alias", FunctionName="hello", Name="live")
    got = everywhere("list_aliases", FunctionName="hello")
    assert len(got["Aliases"]) == 1
    for name in ("a-second", "zz"):
        called(B, "create_alias", FunctionName="hello", Name=name, FunctionVersion="$LATEST")
    names = [one["Name"] for one in B.get_paginator("list_aliases").paginate(FunctionName="hello", PaginationConfig={"PageSize": 1}).search("Aliases[]")]
    assert names == ["a-second", "live", "zz"], names
    for name in ("a-second", "zz"):
        called(B, "delete_alias", FunctionName="hello", Name=name)
    everywhere("list_aliases", FunctionName="hello")
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
    refused("InvalidParameterValueException", 400, "delete_function", FunctionName="hello", Qualifier="$LATEST")
    called(A, "delete_function", FunctionName="hello:1")
    refused("ResourceNotFoundException", 404, "delete_function", FunctionName="hello", Qualifier="1")
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
