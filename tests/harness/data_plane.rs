//! Buckets, queue and rule in LocalStack, one set for each test.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_sqs::types::QueueAttributeName;

use super::eventually;
use audience_activator::receipts::Receipt;

const TEMPLATE: &str = include_str!("../../deploy/cloudformation/data-plane.yaml");
const REGION: &str = "us-east-1";

/// The endpoint of the LocalStack that `make test` started.
pub fn endpoint() -> String {
    std::env::var("ACTIVATOR_TEST_LOCALSTACK").unwrap_or_else(|_| {
        panic!(
            "this test needs LocalStack: run `make test`, or start it with scripts/localstack/start and set \
             ACTIVATOR_TEST_LOCALSTACK to the endpoint it prints"
        )
    })
}

pub async fn aws() -> SdkConfig {
    aws_config::defaults(BehaviorVersion::latest())
        .endpoint_url(endpoint())
        .region(Region::new(REGION))
        .credentials_provider(aws_sdk_s3::config::Credentials::new("test", "test", None, None, "test"))
        .load()
        .await
}

pub struct DataPlane {
    pub name: String,
    pub audience_bucket: String,
    pub state_bucket: String,
    pub queue_url: String,
    pub s3: aws_sdk_s3::Client,
    pub sqs: aws_sdk_sqs::Client,
    pub ssm: aws_sdk_ssm::Client,
    pub secrets_manager: aws_sdk_secretsmanager::Client,
}

impl DataPlane {
    /// Creates the stack; `visibility_seconds` is then set on the queue, so that a
    /// test need not wait five minutes for a message that was lost.
    pub async fn create(visibility_seconds: u32) -> DataPlane {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("t{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let (audience_bucket, state_bucket) = (format!("{name}-audience"), format!("{name}-state"));
        let config = aws().await;
        let s3 = aws_sdk_s3::Client::from_conf(
            aws_sdk_s3::config::Builder::from(&config).force_path_style(true).build(),
        );
        let plane = DataPlane {
            queue_url: format!("{}/queue/{REGION}/000000000000/{name}", endpoint()),
            s3,
            sqs: aws_sdk_sqs::Client::new(&config),
            ssm: aws_sdk_ssm::Client::new(&config),
            secrets_manager: aws_sdk_secretsmanager::Client::new(&config),
            name,
            audience_bucket,
            state_bucket,
        };
        plane.create_stack().await;
        plane
            .sqs
            .set_queue_attributes()
            .queue_url(&plane.queue_url)
            .attributes(QueueAttributeName::VisibilityTimeout, visibility_seconds.to_string())
            .send()
            .await
            .expect("the queue takes its visibility timeout");
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
            assert!(!answer.contains("_FAILED") && !answer.contains("ROLLBACK"), "{answer}");
            answer.contains("CREATE_COMPLETE").then_some(())
        })
        .await;
    }

    pub async fn put(&self, key: &str, body: impl Into<Vec<u8>>) {
        self.s3
            .put_object()
            .bucket(&self.audience_bucket)
            .key(key)
            .body(ByteStream::from(body.into()))
            .send()
            .await
            .expect("the object is stored");
    }

    /// The credentials as the AWS guidance keeps them.
    pub async fn put_parameter(&self, name: &str, value: &str) {
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

    pub async fn put_secret(&self, name: &str, value: &str) {
        self.secrets_manager
            .create_secret()
            .name(name)
            .secret_string(value)
            .send()
            .await
            .expect("the secret is stored");
    }

    pub async fn send(&self, body: &str) {
        self.sqs
            .send_message()
            .queue_url(&self.queue_url)
            .message_body(body)
            .send()
            .await
            .expect("the message is queued");
    }

    /// Messages that are visible, and messages that somebody holds.
    pub async fn depth(&self) -> (u32, u32) {
        let answer = self
            .sqs
            .get_queue_attributes()
            .queue_url(&self.queue_url)
            .attribute_names(QueueAttributeName::All)
            .send()
            .await
            .expect("the queue answers");
        let attributes = answer.attributes.unwrap_or_default();
        let count = |name| attributes.get(&name).and_then(|text| text.parse().ok()).unwrap_or(u32::MAX);
        (
            count(QueueAttributeName::ApproximateNumberOfMessages),
            count(QueueAttributeName::ApproximateNumberOfMessagesNotVisible),
        )
    }

    pub async fn until_empty(&self) {
        eventually("the queue to be empty", || async {
            (self.depth().await == (0, 0)).then_some(())
        })
        .await;
    }

    /// Every receipt that is stored.
    pub async fn receipts(&self) -> Vec<Receipt> {
        let listed = self
            .s3
            .list_objects_v2()
            .bucket(&self.state_bucket)
            .prefix("receipts/")
            .send()
            .await
            .expect("the state bucket can be listed");
        let mut receipts = Vec::new();
        for object in listed.contents() {
            let object = self
                .s3
                .get_object()
                .bucket(&self.state_bucket)
                .key(object.key().unwrap_or_default())
                .send()
                .await
                .expect("a receipt can be read");
            let body = object.body.collect().await.expect("a receipt can be read").into_bytes();
            receipts.push(serde_json::from_slice(&body).expect("a receipt is JSON"));
        }
        receipts
    }

    /// The receipt of the object with this key.
    pub async fn receipt(&self, key: &str) -> Receipt {
        eventually(&format!("the receipt of {key}"), || async {
            self.receipts().await.into_iter().find(|receipt| receipt.object.key == key)
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
        .post(endpoint())
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
