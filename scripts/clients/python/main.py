"""Drives AWS Lambda's API with boto3 against three edges: argv is their URLs. Prints a table; exits 1 on a failure."""
import sys

import functions  # noqa: F401: the steps run as the modules are read
import attributes  # noqa: F401
import invocations  # noqa: F401
from model import summary

sys.exit(summary())
