"""Writes the samples of `sources/aws-cloudtrail`: `python3 tests/interop/cloudtrail/sample.py [--check]`.

Each record is one fact or one trap; the README beside the samples says which. The same script always writes the same bytes.
"""

import json
import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[3] / "sources" / "aws-cloudtrail"
ACCOUNT = "111122223333"
ROLE = {"type": "AssumedRole", "principalId": "AROAEXAMPLE:lee", "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/release/lee", "accountId": ACCOUNT}
USER = {"type": "IAMUser", "principalId": "AIDAEXAMPLE", "arn": f"arn:aws:iam::{ACCOUNT}:user/dana", "accountId": ACCOUNT, "userName": "dana"}
ROOT = {"type": "Root", "principalId": ACCOUNT, "arn": f"arn:aws:iam::{ACCOUNT}:root", "accountId": ACCOUNT}
SERVICE = {"type": "AWSService", "invokedBy": "codepipeline.amazonaws.com"}


def named(identity, source, **attributes):
    """Returns `identity` with the session context of a role that was assumed by `source`."""
    context = {"sessionIssuer": {"type": "Role", "userName": "release"}, "attributes": {"mfaAuthenticated": "true", **attributes}}
    return identity | {"sessionContext": context | ({"sourceIdentity": source} if source else {})}


def record(number, source, name, identity=USER, **more):
    """Returns one record; `more` replaces or adds members, and a member that is `...` is left out."""
    body = {
        "eventVersion": "1.11",
        "userIdentity": identity,
        "eventTime": f"2026-08-04T09:{number:02}:00Z",
        "eventSource": f"{source}.amazonaws.com",
        "eventName": name,
        "awsRegion": "eu-west-1",
        "sourceIPAddress": "192.0.2.7",
        "userAgent": "aws-cli/2",
        "requestParameters": None,
        "responseElements": None,
        "requestID": f"rq-{number}",
        "eventID": f"00000000-0000-4000-8000-{number:012}",
        "readOnly": False,
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": ACCOUNT,
        "eventCategory": "Management",
    }
    body |= more
    return {name: value for name, value in body.items() if value is not ...}


def approval(number, status, token, identity=ROLE, **more):
    """Returns an answer to an approval action of a pipeline."""
    parameters = {"pipelineName": "pay", "stageName": "Prod", "actionName": "Gate", "result": {"status": status, "summary": "CH-77"}, "token": token}
    return record(number, "codepipeline", "PutApprovalResult", identity, requestParameters=parameters, **more)


def signal(number, kind, identity=ROLE, **more):
    """Returns a signal to an automation."""
    parameters = {"automationExecutionId": "97fff367-fc5a-4299-aed8-0123456789ab", "signalType": kind, "payload": {"Comment": ["looks good"]}}
    return record(number, "ssm", "SendAutomationSignal", identity, requestParameters=parameters, **more)


def document():
    """Returns the records of the log file."""
    bucket = [{"ARN": "arn:aws:s3:::acme-payments", "accountId": ACCOUNT, "type": "AWS::S3::Bucket"}]
    target = {"target": "i-0abc", "documentName": "AWS-StartInteractiveCommand"}
    return [
        approval(1, "Approved", "t-1", named(ROLE, "lee@acme.example"), responseElements={"approvedAt": "Aug 4, 2026 9:01:00 AM"}),
        approval(2, "Rejected", "t-2"),
        approval(3, "Approved", "t-3", errorCode="ApprovalAlreadyCompletedException", errorMessage="the action is no longer waiting"),
        approval(4, "Approved", "HIDDEN_DUE_TO_SECURITY_REASONS"),
        approval(5, "Waved through", "t-5"),
        signal(6, "Approve", named(ROLE, "kim")),
        signal(7, "Reject"),
        signal(8, "Revoke"),
        signal(9, "Resume"),
        signal(10, "Approve", errorCode="InvalidAutomationSignalException"),
        signal(11, "Wave"),
        record(12, "s3", "PutBucketPolicy", resources=bucket, requestParameters={"bucketName": "acme-payments"}),
        record(13, "s3", "GetBucketPolicy", readOnly=True, requestParameters={"bucketName": "acme-payments"}),
        record(14, "iam", "AttachUserPolicy", ROOT, errorCode="AccessDenied", errorMessage="not authorized"),
        record(15, "ec2", "TerminateInstances", errorCode="Client.DryRunOperation"),
        record(16, "ssm", "StartSession", named(ROLE, None), requestParameters=target, responseElements={"sessionId": "lee-0a1b", "tokenValue": "Value hidden due to security reasons.", "streamUrl": "wss://example"}),
        record(17, "ssm", "StartSession", requestParameters=target),
        record(18, "ssm", "SendCommand", requestParameters={"documentName": "AWS-RunShellScript", "parameters": "HIDDEN_DUE_TO_SECURITY_REASONS", "instanceIds": ["i-0abc"]}),
        record(19, "sts", "AssumeRole", SERVICE, readOnly=True, requestParameters={"roleArn": f"arn:aws:iam::{ACCOUNT}:role/release", "roleSessionName": "run-9"}),
        record(20, "lambda", "UpdateFunctionCode20150331v2", {"type": "IdentityCenterUser", "accountId": ACCOUNT, "onBehalfOf": {"userId": "u-9", "identityStoreArn": "arn:aws:identitystore::111122223333:identitystore/d-1"}}),
        record(21, "signin", "ConsoleLogin", eventType="AwsConsoleSignIn", responseElements={"ConsoleLogin": "Success"}, additionalEventData={"MFAUsed": "Yes"}),
        record(22, "signin", "ConsoleLogin", eventType="AwsConsoleSignIn", responseElements={"ConsoleLogin": "Failure"}, errorMessage="Failed authentication"),
        record(23, "kms", "RotateKey", {"accountId": ACCOUNT, "invokedBy": "AWS Internal"}, eventType="AwsServiceEvent"),
        record(24, "ec2", "RunInstances", eventType="AwsCloudTrailInsight", eventCategory="Insight"),
        record(12, "s3", "PutBucketPolicy", resources=bucket, requestParameters={"bucketName": "acme-payments"}),
        record(26, "s3", "PutBucketPolicy", addendum={"reason": "UPDATED_DATA", "updatedFields": "resources", "originalEventID": "00000000-0000-4000-8000-000000000012"}),
        record(27, "iam", "CreateUser", readOnly=..., userIdentity={"type": "AWSAccount", "principalId": "AROAOTHER:x", "accountId": "999988887777"}),
        record(28, "dynamodb", "DeleteTable", errorCode="ResourceNotFoundException"),
        record(29, "signin", "CheckMfa", eventType="AwsConsoleSignIn"),
        record(30, "ec2", "StopInstances", eventTime=...),
        approval(31, "Approved", ...),
        approval(32, "Approved", "t-32", SERVICE),
        record(33, "sts", "AssumeRole", requestParameters={"roleArn": f"arn:aws:iam::{ACCOUNT}:role/release", "roleSessionName": "dana", "sourceIdentity": "dana", "tags": [{"key": "team", "value": "pay"}, {"key": "approval-request", "value": "t-1"}]}),
    ]


def lines():
    """Returns events as EventBridge passes them on."""
    inner = record(40, "ec2", "StopInstances", requestParameters={"instanceId": "i-0abc"})
    return [{"version": "0", "id": "eb-1", "detail-type": "AWS API Call via CloudTrail", "source": "aws.ec2", "account": ACCOUNT, "time": "2026-08-04T09:41:00Z", "region": "eu-west-1", "resources": [], "detail": inner}]


def clean(value):
    """Drops members that are `...`."""
    if isinstance(value, dict):
        return {name: clean(inner) for name, inner in value.items() if inner is not ...}
    return [clean(inner) for inner in value] if isinstance(value, list) else value


def files():
    """Returns the sample files by name."""
    compact = {"separators": (",", ":"), "ensure_ascii": False}
    records = ",\n".join(json.dumps(clean(one), **compact) for one in document())
    bridge = "".join(json.dumps(clean(one), **compact) + "\n" for one in lines())
    return {"sample.json": f'{{"Records":[{records}]}}\n', "sample-eventbridge.jsonl": bridge}


def main():
    """Writes the samples, or compares them with what is there."""
    differing = 0
    for name, text in files().items():
        path = FOLDER / name
        if "--check" in sys.argv[1:]:
            differing += not path.is_file() or path.read_text(encoding="utf-8") != text
        else:
            path.write_text(text, encoding="utf-8")
    if "--check" in sys.argv[1:]:
        print(f"checks: {len(files()) - differing} held, {differing} did not")
        sys.exit(1 if differing else 0)


if __name__ == "__main__":
    main()
