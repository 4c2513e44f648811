//! Buckets, queue and rule in LocalStack, made from the same template that AWS gets;
//! one set for each test.

use std::time::Duration;

use audience_activator::receipts::Receipt;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_sqs::types::{MessageSystemAttributeName, QueueAttributeName};

use super::eventually;
use super::localstack::{self, REGION};

const TEMPLATE: &str = include_str!("../../deploy/cloudformation/data-plane.yaml");

pub(crate) struct DataPlane {
    pub(crate) name: String,
    pub(crate) audience_bucket: String,
    pub(crate) state_bucket: String,
    pub(crate) queue_url: String,
    pub(crate) s3: aws_sdk_s3::Client,
    pub(crate) sqs: aws_sdk_sqs::Client,
    pub(crate) ssm: aws_sdk_ssm::Client,
    pub(crate) secrets_manager: aws_sdk_secretsmanager::Client,
}

impl DataPlane {
    pub(crate) async fn create() -> DataPlane {
        let name = localstack::fresh_name("e2e");
        let aws = localstack::aws();
        let s3 = aws_sdk_s3::config::Builder::from(&aws).force_path_style(true);
        let plane = DataPlane {
            audience_bucket: format!("{name}-audience"),
            state_bucket: format!("{name}-state"),
            queue_url: format!(
                "{}/queue/{REGION}/000000000000/{name}",
                localstack::endpoint()
            ),
            s3: aws_sdk_s3::Client::from_conf(s3.build()),
            sqs: aws_sdk_sqs::Client::new(&aws),
            ssm: aws_sdk_ssm::Client::new(&aws),
            secrets_manager: aws_sdk_secretsmanager::Client::new(&aws),
            name,
        };
        plane.create_stack().await;
        plane
    }

    async fn create_stack(&self) {
        let parameters = [
            ("Name", &self.name),
            ("AudienceBucketName", &self.audience_bucket),
            ("StateBucketName", &self.state_bucket),
        ];
        let mut form = vec![
            ("Action".to_owned(), "CreateStack".to_owned()),
            ("Version".to_owned(), "2010-05-15".to_owned()),
            ("StackName".to_owned(), self.name.clone()),
            ("TemplateBody".to_owned(), TEMPLATE.to_owned()),
        ];
        for (index, (key, value)) in parameters.iter().enumerate() {
            let member = format!("Parameters.member.{}", index + 1);
            form.push((format!("{member}.ParameterKey"), (*key).to_owned()));
            form.push((format!("{member}.ParameterValue"), (*value).clone()));
        }
        cloudformation(&form).await;
        let describe = [
            ("Action".to_owned(), "DescribeStacks".to_owned()),
            ("Version".to_owned(), "2010-05-15".to_owned()),
            ("StackName".to_owned(), self.name.clone()),
        ];
        eventually("the stack to be complete", || async {
            let answer = cloudformation(&describe).await;
            assert!(
                !answer.contains("_FAILED") && !answer.contains("ROLLBACK"),
                "{answer}"
            );
            answer.contains("CREATE_COMPLETE").then_some(())
        })
        .await;
    }

    /// Stores an object of audience and gives its version's id.
    pub(crate) async fn put(&self, key: &str, body: impl Into<Vec<u8>>) -> String {
        let stored = self
            .s3
            .put_object()
            .bucket(&self.audience_bucket)
            .key(key)
            .body(ByteStream::from(body.into()))
            .send()
            .await
            .expect("the object is stored");
        stored.version_id.expect("the bucket keeps versions")
    }

    /// The credentials as the AWS guidance keeps them.
    pub(crate) async fn put_parameter(&self, name: &str, value: &str) {
        self.ssm
            .put_parameter()
            .name(name)
            .value(value)
            .r#type(aws_sdk_ssm::types::ParameterType::SecureString)
            .overwrite(true)
            .send()
            .await
            .expect("the parameter is stored");
    }

    pub(crate) async fn put_secret(&self, name: &str, value: &str) {
        self.secrets_manager
            .create_secret()
            .name(name)
            .secret_string(value)
            .send()
            .await
            .expect("the secret is stored");
    }

    pub(crate) async fn send(&self, body: &str) {
        self.sqs
            .send_message()
            .queue_url(&self.queue_url)
            .message_body(body)
            .send()
            .await
            .expect("the message is queued");
    }

    /// The bodies of so many messages, which are taken out of the queue.
    pub(crate) async fn take_all(&self, messages: usize) -> Vec<String> {
        let mut bodies = Vec::new();
        while bodies.len() < messages {
            let receive = self.sqs.receive_message().queue_url(&self.queue_url);
            let received = receive.max_number_of_messages(10).wait_time_seconds(5);
            let received = received.send().await.expect("messages can be received");
            let received = received.messages.unwrap_or_default();
            assert!(!received.is_empty(), "there are only {bodies:?}");
            for message in received {
                let delete = self.sqs.delete_message().queue_url(&self.queue_url);
                let handle = message.receipt_handle.unwrap_or_default();
                let deleted = delete.receipt_handle(handle).send().await;
                deleted.expect("a message can be deleted");
                bodies.push(message.body.unwrap_or_default());
            }
        }
        bodies
    }

    /// Takes a message that is visible within a second; says how often it was received
    /// by now.
    pub(crate) async fn receive_count_of_the_next(&self) -> u32 {
        let count = MessageSystemAttributeName::ApproximateReceiveCount;
        let answer = self
            .sqs
            .receive_message()
            .queue_url(&self.queue_url)
            .message_system_attribute_names(count.clone())
            .wait_time_seconds(1)
            .send()
            .await
            .expect("the queue answers");
        let message = answer.messages().first().expect("a message is visible");
        message.attributes().unwrap()[&count].parse().unwrap()
    }

    /// Messages that are visible, and messages that somebody holds.
    async fn depth(&self) -> (u32, u32) {
        let answer = self
            .sqs
            .get_queue_attributes()
            .queue_url(&self.queue_url)
            .attribute_names(QueueAttributeName::All)
            .send()
            .await
            .expect("the queue answers");
        let attributes = answer.attributes.unwrap_or_default();
        let count = |name| {
            attributes
                .get(&name)
                .and_then(|text| text.parse().ok())
                .unwrap_or(u32::MAX)
        };
        (
            count(QueueAttributeName::ApproximateNumberOfMessages),
            count(QueueAttributeName::ApproximateNumberOfMessagesNotVisible),
        )
    }

    pub(crate) async fn until_depth(&self, visible: u32, held: u32) {
        let what = format!("{visible} messages visible and {held} held");
        eventually(&what, || async {
            (self.depth().await == (visible, held)).then_some(())
        })
        .await;
    }

    /// However many of them somebody holds.
    pub(crate) async fn until_kept(&self, messages: usize) {
        eventually(&format!("{messages} messages in all"), || async {
            let (visible, held) = self.depth().await;
            (u64::from(visible) + u64::from(held) == messages as u64).then_some(())
        })
        .await;
    }

    pub(crate) async fn until_empty(&self) {
        self.until_depth(0, 0).await;
    }

    /// Messages that were put aside, as soon as there are so many: each with its reason.
    pub(crate) async fn dead_letters(&self, number: usize) -> Vec<(String, String)> {
        let url = format!("{}-dead-letters", self.queue_url);
        let mut found = Vec::new();
        while found.len() < number {
            let received = self
                .sqs
                .receive_message()
                .queue_url(&url)
                .max_number_of_messages(10)
                .wait_time_seconds(20)
                .message_attribute_names("All")
                .send()
                .await
                .expect("the dead-letter queue answers");
            assert!(
                !received.messages().is_empty(),
                "only {found:?} was put aside"
            );
            for message in received.messages() {
                let attributes = message.message_attributes();
                let reason = attributes.and_then(|all| all.get("activator.reason"));
                let reason = reason.and_then(|reason| reason.string_value());
                let body = message.body().unwrap_or_default();
                found.push((body.to_owned(), reason.unwrap_or_default().to_owned()));
            }
        }
        found
    }

    /// What lies in the state bucket under this key.
    pub(crate) async fn state_object(&self, key: &str) -> Vec<u8> {
        let object = self.s3.get_object().bucket(&self.state_bucket).key(key);
        let object = object.send().await.expect("the object is there");
        let body = object.body.collect().await.expect("it can be read");
        body.into_bytes().into()
    }

    /// Whether an object of this address is in the state bucket.
    pub(crate) async fn has_state(&self, address: &str) -> bool {
        let key = address.strip_prefix(&format!("s3://{}/", self.state_bucket));
        let key = key.expect("an address in the state bucket");
        let head = self.s3.head_object().bucket(&self.state_bucket).key(key);
        head.send().await.is_ok()
    }

    /// Every receipt in the state bucket.
    pub(crate) async fn receipts(&self) -> Vec<Receipt> {
        self.receipts_in(&self.state_bucket, "receipts/").await
    }

    /// Every receipt below this prefix of this bucket.
    pub(crate) async fn receipts_in(&self, bucket: &str, prefix: &str) -> Vec<Receipt> {
        let listed = self
            .s3
            .list_objects_v2()
            .bucket(bucket)
            .prefix(prefix)
            .send()
            .await
            .expect("receipts can be listed");
        let mut receipts = Vec::new();
        for object in listed.contents() {
            let key = object.key().unwrap_or_default();
            let found = self.s3.get_object().bucket(bucket).key(key).send().await;
            let body = found.expect("a receipt can be read").body.collect().await;
            let json = body.expect("a receipt can be read").into_bytes();
            receipts.push(serde_json::from_slice(&json).expect("a receipt is JSON"));
        }
        receipts
    }

    /// The receipt of the object with this key, as soon as there is one.
    pub(crate) async fn receipt(&self, key: &str) -> Receipt {
        eventually(&format!("the receipt of {key}"), || async {
            let mut receipts = self.receipts().await.into_iter();
            receipts.find(|receipt| receipt.object.key == key)
        })
        .await
    }
}

async fn cloudformation(form: &[(String, String)]) -> String {
    let scope = format!("test/20260101/{REGION}/cloudformation/aws4_request");
    let encoded: Vec<String> = form
        .iter()
        .map(|(key, value)| format!("{}={}", encode(key), encode(value)))
        .collect();
    let answer = reqwest::Client::new()
        .post(localstack::endpoint())
        .header("content-type", "application/x-www-form-urlencoded")
        .header(
            "authorization",
            format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0"),
        )
        .timeout(Duration::from_secs(60))
        .body(encoded.join("&"))
        .send()
        .await
        .expect("CloudFormation answers");
    let status = answer.status();
    let text = answer.text().await.unwrap_or_default();
    assert!(status.is_success(), "CloudFormation: {status} {text}");
    text
}

fn encode(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}
