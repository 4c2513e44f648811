//! Secrets and configurations that are really kept in AWS's services, as LocalStack
//! plays them: a check of the wiring, not proof of AWS's behaviour (no IAM, no KMS).
//! The shapes themselves are tested where they are recognised.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod localstack;

use std::sync::Arc;

use audience_activator::config::{
    Config, ConfigClients, ConfigError, ConfigSource, Environment, Purpose, SourceError,
};
use audience_activator::credentials::{AwsSecrets, CredentialStore, SecretError, SecretRef};
use aws_config::SdkConfig;
use aws_sdk_secretsmanager::primitives::Blob;
use aws_sdk_ssm::types::ParameterType;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use secrecy::ExposeSecret;

const TOKEN: &str = "EAABdemoTokenOfNobody0123456789";
const PIXEL: &str = "123456789012345";
const CONFIG: &str = r#"
[queue]
url = "https://sqs.eu-central-1.amazonaws.com/1/q"
[state]
location = "s3://state-bucket/"
[[route]]
name = "from-aws"
prefix = "meta/"
credentials = "ssm:/meta"
columns = "auto"
[route.custom_audience]
audience = "1"
mode = "add"
"#;

fn s3(aws: &SdkConfig) -> aws_sdk_s3::Client {
    let config = aws_sdk_s3::config::Builder::from(aws).force_path_style(true);
    aws_sdk_s3::Client::from_conf(config.build())
}

fn store(aws: &SdkConfig) -> CredentialStore {
    CredentialStore::new(Arc::new(AwsSecrets::new(
        aws_sdk_ssm::Client::new(aws),
        aws_sdk_secretsmanager::Client::new(aws),
    )))
}

/// A name that no other run of this suite has used in the same LocalStack.
fn fresh(name: &str) -> String {
    format!("/test/{}", localstack::fresh_name(name))
}

/// Each shape, and whether it names the pixel.
fn shapes() -> Vec<(&'static str, String, bool)> {
    let json = format!(r#"{{"access_token": "{TOKEN}", "pixel_id": "{PIXEL}"}}"#);
    let base64 = |text: &str| BASE64_STANDARD.encode(text);
    vec![
        ("a JSON object", json.clone(), true),
        (
            "a JSON object in base64 under one key",
            format!(r#"{{"credentials": "{}"}}"#, base64(&json)),
            true,
        ),
        (
            "a token alone in base64 under one key",
            format!(r#"{{"access": "{}"}}"#, base64(TOKEN)),
            false,
        ),
        ("a token alone", TOKEN.to_owned(), false),
        ("a token alone", format!("\"{TOKEN}\"\n"), false),
        ("a JSON object in base64", base64(&json), true),
    ]
}

async fn put_parameter(aws: &SdkConfig, name: &str, value: &str, kind: ParameterType) {
    let put = aws_sdk_ssm::Client::new(aws).put_parameter();
    let put = put.name(name).value(value).r#type(kind).overwrite(true);
    put.send().await.unwrap();
}

#[tokio::test]
#[ignore = "needs LocalStack: make test"]
async fn every_shape_is_read_from_a_secure_string() {
    let aws = localstack::aws();
    for (shape, value, has_pixel) in shapes() {
        let name = fresh("parameter");
        put_parameter(&aws, &name, &value, ParameterType::SecureString).await;
        let found = store(&aws).get(&SecretRef::Ssm(name)).await.unwrap();
        assert_eq!(found.access_token.expose_secret(), TOKEN);
        assert_eq!(found.shape.to_string(), shape);
        assert_eq!(found.pixel_id.as_deref(), has_pixel.then_some(PIXEL));
    }
}

#[tokio::test]
#[ignore = "needs LocalStack: make test"]
async fn every_shape_is_read_from_secrets_manager_as_text_and_as_binary() {
    let aws = localstack::aws();
    let manager = aws_sdk_secretsmanager::Client::new(&aws);
    for (shape, value, has_pixel) in shapes() {
        for binary in [false, true] {
            let name = fresh("secret");
            let create = manager.create_secret().name(&name);
            let create = if binary {
                create.secret_binary(Blob::new(value.as_bytes()))
            } else {
                create.secret_string(&value)
            };
            create.send().await.unwrap();
            let reference = SecretRef::SecretsManager(name);
            let found = store(&aws).get(&reference).await.unwrap();
            assert_eq!(found.access_token.expose_secret(), TOKEN);
            let suffix = if binary { ", binary" } else { "" };
            assert_eq!(found.shape.to_string(), format!("{shape}{suffix}"));
            assert_eq!(found.pixel_id.as_deref(), has_pixel.then_some(PIXEL));
        }
    }
}

#[tokio::test]
#[ignore = "needs LocalStack: make test"]
async fn a_missing_or_deleted_secret_says_that_it_is_not_there() {
    let aws = localstack::aws();
    let manager = aws_sdk_secretsmanager::Client::new(&aws);
    let deleted = fresh("deleted");
    let create = manager.create_secret().name(&deleted).secret_string(TOKEN);
    create.send().await.unwrap();
    manager
        .delete_secret()
        .secret_id(&deleted)
        .send()
        .await
        .unwrap();
    for reference in [
        SecretRef::Ssm(fresh("nothing")),
        SecretRef::SecretsManager(fresh("nothing")),
        SecretRef::SecretsManager(deleted),
    ] {
        let error = store(&aws).get(&reference).await.unwrap_err();
        assert!(matches!(error, SecretError::NotFound { .. }), "{error}");
        assert!(error.to_string().contains(&reference.to_string()));
    }
}

#[tokio::test]
#[ignore = "needs LocalStack: make test"]
async fn a_secret_store_that_is_not_there_is_unreachable_and_tried_again_later() {
    // The discard port: nothing listens there.
    let aws = localstack::aws().into_builder();
    let aws = aws.endpoint_url("http://127.0.0.1:9").build();
    let error = store(&aws).get(&SecretRef::Ssm("/x".to_owned())).await;
    let error = error.unwrap_err();
    assert!(error.is_transient(), "{error}");
}

async fn load(source: &ConfigSource, aws: &SdkConfig) -> Result<Config, ConfigError> {
    let clients = async || ConfigClients {
        ssm: aws_sdk_ssm::Client::new(aws),
        s3: s3(aws),
    };
    Config::load(
        Some(source),
        &Environment::default(),
        Purpose::Worker,
        clients,
    )
    .await
}

#[tokio::test]
#[ignore = "needs LocalStack: make test"]
async fn a_configuration_is_read_from_a_parameter_plain_or_secure() {
    let aws = localstack::aws();
    for kind in [ParameterType::String, ParameterType::SecureString] {
        let name = fresh("config");
        put_parameter(&aws, &name, CONFIG, kind).await;
        let source: ConfigSource = format!("ssm:{name}").parse().unwrap();
        let config = load(&source, &aws).await.unwrap();
        assert_eq!(config.routes[0].name, "from-aws");

        put_parameter(&aws, &name, "[queu]\n", ParameterType::String).await;
        let error = load(&source, &aws).await.unwrap_err().to_string();
        assert!(
            error.contains(&format!("ssm:{name}:1: queu: unknown key")),
            "{error}"
        );
    }
}

#[tokio::test]
#[ignore = "needs LocalStack: make test"]
async fn a_configuration_is_read_from_an_object_and_a_missing_one_named() {
    let aws = localstack::aws();
    let bucket = fresh("config").trim_start_matches('/').replace('/', "-");
    let client = s3(&aws);
    client.create_bucket().bucket(&bucket).send().await.unwrap();
    let put = client
        .put_object()
        .bucket(&bucket)
        .key("a b/env=dev/c.toml");
    put.body(CONFIG.as_bytes().to_vec().into())
        .send()
        .await
        .unwrap();

    let source: ConfigSource = format!("s3://{bucket}/a b/env=dev/c.toml").parse().unwrap();
    assert_eq!(load(&source, &aws).await.unwrap().routes.len(), 1);

    for missing in [
        format!("s3://{bucket}/nothing"),
        "s3://no-such-bucket-of-ours/x".to_owned(),
    ] {
        let error = load(&missing.parse().unwrap(), &aws).await.unwrap_err();
        assert!(
            matches!(&error, ConfigError::Source(SourceError::Missing { source_name }) if *source_name == missing),
            "{error}"
        );
    }
}
