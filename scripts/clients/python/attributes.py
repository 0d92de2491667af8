"""What is kept beside a function: URLs, tags, concurrency, invoke configurations, policies; and what is not there."""
import json

from model import A, ROLE, bundle, called, everywhere, plain, refused, step

ARN = "arn:aws:lambda:eu-central-1:000000000000:function:beside"
CODE = bundle("exports.handler = async () => 1")
GONE = ("ResourceNotFoundException", 404)
BAD = ("InvalidParameterValueException", 400)

called(A, "create_function", FunctionName="beside", Runtime="nodejs22.x", Role=ROLE, Handler="index.handler", Code={"ZipFile": CODE}, Publish=True, Tags={"team": "edge"})
called(A, "create_alias", FunctionName="beside", Name="live", FunctionVersion="1")


@step("Function URLs")
def _():
    made = called(A, "create_function_url_config", FunctionName="beside", AuthType="NONE", Cors={"AllowOrigins": ["*"], "MaxAge": 60})
    assert 40 <= len(made["FunctionUrl"]) <= 100 and made["InvokeMode"] == "BUFFERED", made
    refused("ResourceConflictException", 409, "create_function_url_config", FunctionName="beside", AuthType="NONE")
    called(A, "create_function_url_config", FunctionName="beside", Qualifier="live", AuthType="AWS_IAM", InvokeMode="RESPONSE_STREAM")
    made = called(A, "update_function_url_config", FunctionName="beside", AuthType="AWS_IAM", Cors={})
    assert made["AuthType"] == "AWS_IAM" and "Cors" not in made, made
    called(A, "get_function_url_config", FunctionName="beside", Qualifier="live")
    everywhere("get_function_url_config", FunctionName="beside")
    pages = list(A.get_paginator("list_function_url_configs").paginate(FunctionName="beside", PaginationConfig={"PageSize": 1}))
    assert [len(page["FunctionUrlConfigs"]) for page in pages] == [1, 1] and everywhere("list_function_url_configs", FunctionName="beside")
    called(A, "delete_function_url_config", FunctionName="beside", Qualifier="live")
    for method in ("get_function_url_config", "delete_function_url_config", "update_function_url_config"):
        refused(*GONE, method, FunctionName="beside", Qualifier="live")
    refused(*GONE, "create_function_url_config", FunctionName="nobody", AuthType="NONE")


@step("Tags")
def _():
    called(A, "tag_resource", Resource=ARN, Tags={"a": "1", "b c": "2"})
    assert everywhere("list_tags", Resource=ARN)["Tags"] == {"team": "edge", "a": "1", "b c": "2"}
    called(A, "untag_resource", Resource=ARN, TagKeys=["team", "b c"])
    assert everywhere("list_tags", Resource=ARN)["Tags"] == {"a": "1"}
    refused(*GONE, "list_tags", Resource=ARN.replace("beside", "nobody"))
    refused(*BAD, "tag_resource", Resource=ARN, Tags={f"k{n}": "v" for n in range(51)})


@step("Function concurrency")
def _():
    assert plain(called(A, "get_function_concurrency", FunctionName="beside")) == {}
    called(A, "put_function_concurrency", FunctionName="beside", ReservedConcurrentExecutions=5)
    assert everywhere("get_function_concurrency", FunctionName="beside") == {"ReservedConcurrentExecutions": 5}
    assert called(A, "get_function", FunctionName="beside")["Concurrency"] == {"ReservedConcurrentExecutions": 5}
    refused(*GONE, "put_function_concurrency", FunctionName="nobody", ReservedConcurrentExecutions=5)
    called(A, "delete_function_concurrency", FunctionName="beside")
    assert everywhere("get_function_concurrency", FunctionName="beside") == {}


@step("Event invoke config")
def _():
    refused("ResourceNotFoundException", 404, "get_function_event_invoke_config", FunctionName="beside")
    made = called(A, "put_function_event_invoke_config", FunctionName="beside", MaximumRetryAttempts=1, DestinationConfig={"OnFailure": {"Destination": ARN}})
    assert made["FunctionArn"] == ARN + ":$LATEST" and made["DestinationConfig"]["OnSuccess"] == {}, made
    called(A, "update_function_event_invoke_config", FunctionName="beside", MaximumEventAgeInSeconds=60)
    got = everywhere("get_function_event_invoke_config", FunctionName="beside")
    assert (got["MaximumRetryAttempts"], got["MaximumEventAgeInSeconds"]) == (1, 60)
    called(A, "put_function_event_invoke_config", FunctionName="beside", Qualifier="live", MaximumRetryAttempts=0)
    pages = list(A.get_paginator("list_function_event_invoke_configs").paginate(FunctionName="beside", PaginationConfig={"PageSize": 1}))
    assert [len(page["FunctionEventInvokeConfigs"]) for page in pages] == [1, 1] and everywhere("list_function_event_invoke_configs", FunctionName="beside")
    for arn in ("arn:aws:sqs:eu-central-1:000000000000:q", "arn:aws:sns:eu-central-1:000000000000:t", "arn:aws:events:eu-central-1:000000000000:event-bus/b"):
        refused(*BAD, "put_function_event_invoke_config", FunctionName="beside", DestinationConfig={"OnSuccess": {"Destination": arn}})
    refused(*BAD, "put_function_event_invoke_config", FunctionName="beside", DestinationConfig={"OnFailure": {"Destination": ARN.replace("beside", "nobody")}})
    called(A, "delete_function_event_invoke_config", FunctionName="beside")
    called(A, "delete_function_event_invoke_config", FunctionName="beside", Qualifier="live")
    refused(*GONE, "update_function_event_invoke_config", FunctionName="beside", MaximumRetryAttempts=1)
    refused(*GONE, "delete_function_event_invoke_config", FunctionName="beside")


@step("Resource policy")
def _():
    refused("ResourceNotFoundException", 404, "get_policy", FunctionName="beside")
    added = called(A, "add_permission", FunctionName="beside", StatementId="s1", Action="lambda:InvokeFunction", Principal="events.amazonaws.com", SourceArn="arn:aws:events:eu-central-1:000000000000:rule/r")
    assert json.loads(added["Statement"])["Condition"]["ArnLike"]["AWS:SourceArn"].endswith("rule/r")
    called(A, "add_permission", FunctionName="beside", StatementId="s2", Action="lambda:InvokeFunctionUrl", Principal="*", FunctionUrlAuthType="NONE")
    refused("ResourceConflictException", 409, "add_permission", FunctionName="beside", StatementId="s1", Action="lambda:InvokeFunction", Principal="*")
    got = everywhere("get_policy", FunctionName="beside")
    assert [one["Sid"] for one in json.loads(got["Policy"])["Statement"]] == ["s1", "s2"]
    refused("PreconditionFailedException", 412, "add_permission", FunctionName="beside", StatementId="s3", Action="lambda:InvokeFunction", Principal="*", RevisionId="stale")
    refused("PreconditionFailedException", 412, "remove_permission", FunctionName="beside", StatementId="s1", RevisionId="stale")
    refused(*GONE, "remove_permission", FunctionName="beside", StatementId="none")
    called(A, "add_permission", FunctionName="beside", Qualifier="live", StatementId="s1", Action="lambda:InvokeFunction", Principal="123456789012")
    of_alias = json.loads(everywhere("get_policy", FunctionName="beside", Qualifier="live")["Policy"])["Statement"]
    assert [(one["Resource"], one["Principal"]) for one in of_alias] == [(ARN + ":live", {"AWS": "arn:aws:iam::123456789012:root"})], of_alias
    called(A, "remove_permission", FunctionName="beside", StatementId="s1", RevisionId=got["RevisionId"])
    called(A, "remove_permission", FunctionName="beside", StatementId="s2")
    refused("ResourceNotFoundException", 404, "get_policy", FunctionName="beside")


@step("Account settings")
def _():
    account = everywhere("get_account_settings")
    assert account["AccountUsage"]["FunctionCount"] == 1 and account["AccountUsage"]["TotalCodeSize"] == len(CODE), account
    called(A, "put_function_concurrency", FunctionName="beside", ReservedConcurrentExecutions=7)
    limit = called(A, "get_account_settings")["AccountLimit"]
    assert limit["ConcurrentExecutions"] - limit["UnreservedConcurrentExecutions"] == 7, limit
    called(A, "delete_function_concurrency", FunctionName="beside")


@step("Runtime management, recursion")
def _():
    assert called(A, "get_runtime_management_config", FunctionName="beside")["UpdateRuntimeOn"] == "Auto"
    called(A, "put_runtime_management_config", FunctionName="beside", UpdateRuntimeOn="FunctionUpdate")
    assert everywhere("get_runtime_management_config", FunctionName="beside")["UpdateRuntimeOn"] == "FunctionUpdate"
    refused(*GONE, "get_runtime_management_config", FunctionName="nobody")
    assert called(A, "get_function_recursion_config", FunctionName="beside")["RecursiveLoop"] == "Terminate"
    called(A, "put_function_recursion_config", FunctionName="beside", RecursiveLoop="Terminate")
    refused(*BAD, "put_function_recursion_config", FunctionName="beside", RecursiveLoop="Allow")


@step("Code signing: there is none")
def _():
    config = "arn:aws:lambda:eu-central-1:000000000000:code-signing-config:csc-00000000000000000"
    publishers = {"SigningProfileVersionArns": ["arn:aws:signer:eu-central-1:000000000000:/signing-profiles/p/0000000000"]}
    assert called(A, "get_function_code_signing_config", FunctionName="beside")["FunctionName"] == "beside"
    called(A, "delete_function_code_signing_config", FunctionName="beside")
    assert called(A, "list_code_signing_configs")["CodeSigningConfigs"] == []
    refused(*BAD, "put_function_code_signing_config", FunctionName="beside", CodeSigningConfigArn=config)
    refused(*BAD, "create_code_signing_config", AllowedPublishers=publishers)
    for method in ("get_code_signing_config", "delete_code_signing_config", "update_code_signing_config", "list_functions_by_code_signing_config"):
        refused(*GONE, method, CodeSigningConfigArn=config)


@step("Layers: there are none")
def _():
    assert called(A, "list_layers")["Layers"] == [] and called(A, "list_layer_versions", LayerName="l")["LayerVersions"] == []
    refused(*BAD, "publish_layer_version", LayerName="l", Content={"ZipFile": CODE})
    refused(*GONE, "get_layer_version_by_arn", Arn="arn:aws:lambda:eu-central-1:000000000000:layer:l:1")
    refused(*GONE, "add_layer_version_permission", LayerName="l", VersionNumber=1, StatementId="s", Action="lambda:GetLayerVersion", Principal="*")
    refused(*GONE, "remove_layer_version_permission", LayerName="l", VersionNumber=1, StatementId="s")
    for method in ("get_layer_version", "get_layer_version_policy"):
        refused(*GONE, method, LayerName="l", VersionNumber=1)
    called(A, "delete_layer_version", LayerName="l", VersionNumber=1)


@step("Event source mappings, provisioned concurrency: there are none")
def _():
    uuid = "00000000-0000-4000-8000-000000000000"
    assert called(A, "list_event_source_mappings", FunctionName="beside")["EventSourceMappings"] == []
    refused(*BAD, "create_event_source_mapping", FunctionName="beside", EventSourceArn="arn:aws:sqs:eu-central-1:000000000000:q")
    for method in ("get_event_source_mapping", "update_event_source_mapping", "delete_event_source_mapping"):
        refused(*GONE, method, UUID=uuid)
    assert called(A, "list_provisioned_concurrency_configs", FunctionName="beside")["ProvisionedConcurrencyConfigs"] == []
    refused("ProvisionedConcurrencyConfigNotFoundException", 404, "get_provisioned_concurrency_config", FunctionName="beside", Qualifier="live")
    refused(*BAD, "put_provisioned_concurrency_config", FunctionName="beside", Qualifier="live", ProvisionedConcurrentExecutions=1)
    called(A, "delete_provisioned_concurrency_config", FunctionName="beside", Qualifier="live")
    called(A, "delete_function", FunctionName="beside")
