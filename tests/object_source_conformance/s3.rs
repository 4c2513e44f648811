//! The suite against S3, as LocalStack has it.

use audience_activator::object::version::ObjectAddress;
use audience_activator::object::{ObjectError, ObjectSource, S3Source};
use aws_config::Region;
use aws_sdk_s3::Client;
use aws_sdk_s3::config::{Builder, Credentials};
use aws_sdk_s3::types::{BucketVersioningStatus, VersioningConfiguration};
use futures_util::future::BoxFuture;
use futures_util::{FutureExt, TryStreamExt};

use super::localstack;
use super::suite::{Store, every_promise_is_kept};

struct Bucket {
    client: Client,
    source: S3Source,
    name: String,
}

fn client() -> Client {
    let config = Builder::from(&localstack::aws()).force_path_style(true);
    Client::from_conf(config.build())
}

impl Bucket {
    /// A bucket of its own for each test and each run.
    async fn create(name: &str) -> Bucket {
        let client = client();
        let name = localstack::fresh_name(&format!("objects-{name}"));
        client.create_bucket().bucket(&name).send().await.unwrap();
        Bucket {
            source: S3Source::new(client.clone()),
            client,
            name,
        }
    }

    fn address(&self, key: &str) -> ObjectAddress {
        ObjectAddress {
            bucket: self.name.clone(),
            key: key.to_owned(),
            version_id: None,
        }
    }
}

impl Store for Bucket {
    fn source(&self) -> &dyn ObjectSource {
        &self.source
    }

    fn bucket(&self) -> &str {
        &self.name
    }

    fn put<'a>(&'a self, key: &'a str, content: &'a [u8]) -> BoxFuture<'a, ()> {
        async move {
            self.client
                .put_object()
                .bucket(&self.name)
                .key(key)
                .body(content.to_vec().into())
                .send()
                .await
                .unwrap();
        }
        .boxed()
    }

    fn delete<'a>(&'a self, key: &'a str) -> BoxFuture<'a, ()> {
        async move {
            self.client
                .delete_object()
                .bucket(&self.name)
                .key(key)
                .send()
                .await
                .unwrap();
        }
        .boxed()
    }
}

#[tokio::test]
#[ignore = "needs LocalStack: make test"]
async fn s3_keeps_every_promise() {
    every_promise_is_kept(&Bucket::create("suite").await).await;
}

#[tokio::test]
#[ignore = "needs LocalStack: make test"]
async fn a_versioned_object_is_read_to_its_end_after_it_was_overwritten() {
    let bucket = Bucket::create("versioned").await;
    let on = VersioningConfiguration::builder()
        .status(BucketVersioningStatus::Enabled)
        .build();
    bucket
        .client
        .put_bucket_versioning()
        .bucket(&bucket.name)
        .versioning_configuration(on)
        .send()
        .await
        .unwrap();
    bucket.put("part", b"the first").await;
    let first = bucket
        .source
        .describe(&bucket.address("part"))
        .await
        .unwrap();
    assert!(first.address.version_id.is_some());
    bucket.put("part", b"the second").await;
    let second = bucket
        .source
        .describe(&bucket.address("part"))
        .await
        .unwrap();
    assert_ne!(second.address.version_id, first.address.version_id);
    bucket.delete("part").await;

    assert_eq!(bucket.source.describe(&first.address).await.unwrap(), first);
    let body = bucket.source.read(&first, 4..9).await.unwrap();
    let pieces: Vec<_> = body.try_collect().await.unwrap();
    assert_eq!(pieces.concat(), b"first");
    let gone = bucket.source.describe(&bucket.address("part")).await;
    assert!(matches!(gone, Err(ObjectError::NotFound { .. })));
}

#[tokio::test]
#[ignore = "needs LocalStack: make test"]
async fn a_bucket_that_does_not_exist_is_named_in_the_error() {
    let address = ObjectAddress {
        bucket: "no-such-bucket-anywhere".to_owned(),
        key: "part".to_owned(),
        version_id: None,
    };
    let source = S3Source::new(client());
    let error = source.describe(&address).await.unwrap_err();
    assert!(
        error
            .to_string()
            .contains("s3://no-such-bucket-anywhere/part")
    );
    assert!(!error.is_transient());
}

#[tokio::test]
async fn an_endpoint_nobody_listens_on_is_worth_trying_again() {
    let config = aws_sdk_s3::Config::builder()
        .behavior_version_latest()
        .endpoint_url("http://127.0.0.1:1")
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::new("test", "test", None, None, "test"))
        .retry_config(aws_config::retry::RetryConfig::disabled())
        .force_path_style(true)
        .build();
    let source = S3Source::new(Client::from_conf(config));
    let address = ObjectAddress {
        bucket: "audiences".to_owned(),
        key: "part".to_owned(),
        version_id: None,
    };
    let error = source.describe(&address).await.unwrap_err();
    assert!(error.is_transient(), "{error:?}");
}
