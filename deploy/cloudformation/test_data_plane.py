"""The data plane's template, on LocalStack and as text.

An emulator shows that the pieces fit together: an object that is put becomes a
message.  What no emulator enforces (policies, encryption, retries) is read from
the template instead.  AWS_ENDPOINT_URL names the LocalStack to use; needs boto3.
"""

import json
import os
import pathlib
import time
import unittest
import uuid

import boto3
import yaml

TEMPLATE = pathlib.Path(__file__).with_name("data-plane.yaml")
REGION = "us-east-1"


def client(service):
    return boto3.client(
        service, region_name=REGION, aws_access_key_id="test", aws_secret_access_key="test"
    )


def template():
    """The template with each intrinsic function as {its name: its argument}."""

    class Loader(yaml.SafeLoader):
        pass

    def intrinsic(loader, name, node):
        if isinstance(node, yaml.ScalarNode):
            return {name: loader.construct_scalar(node)}
        return {name: loader.construct_sequence(node, deep=True)}

    Loader.add_multi_constructor("!", intrinsic)
    return yaml.load(TEMPLATE.read_text(), Loader)


class OnLocalStack(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        mark = uuid.uuid4().hex[:8]
        cls.cloudformation, cls.s3, cls.sqs = map(client, ("cloudformation", "s3", "sqs"))
        cls.stack = f"data-plane-{mark}"
        names = {
            "Name": f"activation-{mark}",
            "AudienceBucketName": f"audience-{mark}",
            "StateBucketName": f"state-{mark}",
        }
        cls.cloudformation.create_stack(
            StackName=cls.stack,
            TemplateBody=TEMPLATE.read_text(),
            Parameters=[
                {"ParameterKey": name, "ParameterValue": value} for name, value in names.items()
            ],
        )
        cls.addClassCleanup(cls.cloudformation.delete_stack, StackName=cls.stack)
        cls.outputs = cls.created()

    @classmethod
    def created(cls):
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            stack = cls.cloudformation.describe_stacks(StackName=cls.stack)["Stacks"][0]
            if stack["StackStatus"] == "CREATE_COMPLETE":
                return {o["OutputKey"]: o["OutputValue"] for o in stack["Outputs"]}
            if not stack["StackStatus"].endswith("_IN_PROGRESS"):
                break
            time.sleep(0.2)
        raise AssertionError(f"the stack ended as {stack['StackStatus']}")

    def message(self, wait):
        """The next message of the queue, deleted, or None after so many seconds."""
        url = self.outputs["QueueUrl"]
        answer = self.sqs.receive_message(QueueUrl=url, WaitTimeSeconds=wait)
        for message in answer.get("Messages", []):
            self.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            return json.loads(message["Body"])
        return None

    def test_an_object_under_the_prefix_becomes_one_message(self):
        bucket = self.outputs["AudienceBucket"]
        self.s3.put_object(Bucket=bucket, Key="meta/conversions/people.csv", Body=b"email\n")
        event = self.message(wait=10)
        self.assertEqual(event["detail-type"], "Object Created")
        self.assertEqual(event["detail"]["bucket"]["name"], bucket)
        self.assertEqual(event["detail"]["object"]["key"], "meta/conversions/people.csv")
        self.assertIn("version-id", event["detail"]["object"])
        self.assertIsNone(self.message(wait=1))

    def test_neither_the_state_nor_another_prefix_becomes_a_message(self):
        self.s3.put_object(Bucket=self.outputs["StateBucket"], Key="meta/receipt.json", Body=b"{}")
        self.s3.put_object(Bucket=self.outputs["AudienceBucket"], Key="other/a.csv", Body=b"email\n")
        self.assertIsNone(self.message(wait=2))

    def test_the_queue_redrives_to_the_dead_letter_queue(self):
        attributes = self.sqs.get_queue_attributes(
            QueueUrl=self.outputs["QueueUrl"], AttributeNames=["All"]
        )["Attributes"]
        redrive = json.loads(attributes["RedrivePolicy"])
        dead_letters = self.sqs.get_queue_attributes(
            QueueUrl=self.outputs["DeadLetterQueueUrl"], AttributeNames=["QueueArn"]
        )["Attributes"]["QueueArn"]
        self.assertEqual(redrive["deadLetterTargetArn"], dead_letters)
        self.assertEqual(int(redrive["maxReceiveCount"]), 1000)
        self.assertEqual(attributes["VisibilityTimeout"], "300")


class AsText(unittest.TestCase):
    def setUp(self):
        self.resources = template()["Resources"]

    def of_type(self, kind):
        return {n: r["Properties"] for n, r in self.resources.items() if r["Type"] == kind}

    def statements(self, name):
        return self.resources[name]["Properties"]["PolicyDocument"]["Statement"]

    def test_every_bucket_is_encrypted_private_kept_and_only_over_tls(self):
        policies = {
            policy["Bucket"]["Ref"]: policy["PolicyDocument"]["Statement"]
            for policy in self.of_type("AWS::S3::BucketPolicy").values()
        }
        for name, bucket in self.of_type("AWS::S3::Bucket").items():
            with self.subTest(name):
                self.assertIn("BucketEncryption", bucket)
                self.assertEqual(set(bucket["PublicAccessBlockConfiguration"].values()), {True})
                self.assertEqual(self.resources[name]["DeletionPolicy"], "Retain")
                self.assert_only_over_tls(policies[name])

    def test_every_queue_keeps_its_messages_for_as_long_as_there_is(self):
        queues = self.of_type("AWS::SQS::Queue")
        self.assertEqual(len(queues), 2)
        for name, queue in queues.items():
            with self.subTest(name):
                self.assertEqual(queue["MessageRetentionPeriod"], 14 * 24 * 3600)

    def test_only_the_rule_may_send_to_the_queues_and_only_over_tls(self):
        queues = self.of_type("AWS::SQS::Queue")
        policies = self.of_type("AWS::SQS::QueuePolicy")
        self.assertEqual(len(queues), len(policies))
        for name, policy in policies.items():
            with self.subTest(name):
                allowed = [s for s in self.statements(name) if s["Effect"] == "Allow"]
                self.assertEqual(len(allowed), 1)
                self.assertEqual(allowed[0]["Principal"], {"Service": "events.amazonaws.com"})
                self.assertEqual(allowed[0]["Action"], "sqs:SendMessage")
                self.assertEqual(
                    allowed[0]["Condition"],
                    {"ArnEquals": {"aws:SourceArn": {"GetAtt": "ObjectCreatedRule.Arn"}}},
                )
                self.assert_only_over_tls(self.statements(name))

    def test_a_failed_delivery_is_retried_three_times_and_then_kept(self):
        (rule,) = self.of_type("AWS::Events::Rule").values()
        (target,) = rule["Targets"]
        self.assertEqual(target["RetryPolicy"]["MaximumRetryAttempts"], 3)
        self.assertEqual(target["DeadLetterConfig"]["Arn"], {"GetAtt": "DeadLetterQueue.Arn"})

    def assert_only_over_tls(self, statements):
        denied = [s for s in statements if s["Effect"] == "Deny"]
        self.assertEqual(
            [s["Condition"] for s in denied], [{"Bool": {"aws:SecureTransport": "false"}}]
        )


if __name__ == "__main__":
    unittest.main(verbosity=2)
