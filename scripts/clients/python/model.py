"""What the steps are made of: boto3 on three edges (argv is their URLs), and botocore's own model, which every answer is checked
against: another status, and members that are unknown, missing or wrongly typed, fail."""
import base64, hashlib, io, json, re, sys, time, zipfile

import boto3
import botocore.loaders
from botocore.config import Config
from botocore.exceptions import ClientError

URLS = sys.argv[1:]
ROLE = "arn:aws:iam::000000000000:role/any"
MODEL = botocore.loaders.Loader().load_service_model("lambda", "service-2")
rows = []
COVERED = set()
# Of the model, all that Lambda had before 2025; what came later (capacity providers, durable executions) is not there.
OPERATIONS = {name for name, one in MODEL["operations"].items() if not re.match(r"/202(5-|6-)", one["http"]["requestUri"])}


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
    status = answer["ResponseMetadata"]["HTTPStatusCode"]
    if method not in ("invoke", "invoke_async"):
        assert status == model["http"].get("responseCode", 200), f"status {status}, modelled {model['http'].get('responseCode')}"
    COVERED.add(operation(method))
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
        assert got == (code, status), (got, error.response["Error"]["Message"])
        headers = error.response["ResponseMetadata"]["HTTPHeaders"]
        assert headers.get("x-amzn-requestid") and headers.get("x-amzn-errortype") == code, headers
        shape = MODEL["shapes"].get(code)
        if shape:
            assert shape["error"]["httpStatusCode"] == status, f"modelled with {shape['error']['httpStatusCode']}"
        assert error.response["Error"]["Message"], "no message"
        COVERED.add(operation(method))
        assert isinstance(error, getattr(A.exceptions, code)), "not the modelled exception"
        return error.response
    raise AssertionError(f"{method} was not refused with {code}")


def text(value):
    return json.dumps(value, default=str, sort_keys=True)


def port(edge):
    return ":" + edge.meta.endpoint_url.rsplit(":", 1)[1] + "/"


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
            # URLs lead back the way the caller came.
            if text(got).replace(port(edge), port(A)) == text(expected):
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


def summary():
    """Prints the table; the exit code."""
    width = max(len(name) for name, *_ in rows)
    for name, state, note, seconds in rows:
        print(f"{name:<{width}}  {state:<6}  {seconds * 1000:6.0f} ms  {note}")
    failed = sum(state != "ok" for _, state, *_ in rows)
    missing = OPERATIONS - COVERED
    if missing:
        print("never called:", ", ".join(sorted(missing)))
    print(f"{len(rows) - failed} passed, {failed + bool(missing)} failed")
    return 1 if failed or missing else 0
