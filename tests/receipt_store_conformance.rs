//! What every receipt store does, in S3 and in a directory alike.

#![allow(clippy::unwrap_used, clippy::panic)]

mod localstack;

use std::sync::Arc;

use audience_activator::object::version::{ObjectAddress, ObjectVersion};
use audience_activator::receipts::{
    Code, Destination, LocalReceiptStore, Receipt, ReceiptLocation, ReceiptStore, Rows,
    S3ReceiptStore, Sent, Status, StoreError,
};
use aws_sdk_s3::Client;
use aws_sdk_s3::config::Builder;
use aws_sdk_s3::primitives::ByteStream;
use bytes::Bytes;
use futures_util::future::{BoxFuture, join_all};
use time::macros::datetime;

type Reader = Box<dyn Fn(&ReceiptLocation) -> BoxFuture<'static, Vec<u8>>>;
type Spoiler = Box<dyn Fn(&ReceiptLocation, &'static [u8]) -> BoxFuture<'static, ()>>;

/// A store, empty at first.
struct Stand {
    store: Arc<dyn ReceiptStore>,
    /// The bucket that the objects are in.
    bucket: String,
    /// Writes something else where a receipt is.
    spoil: Spoiler,
    /// What is at a location.
    read: Reader,
    _directory: Option<tempfile::TempDir>,
}

fn local_directory() -> Stand {
    let directory = tempfile::tempdir().unwrap();
    Stand {
        store: Arc::new(LocalReceiptStore::new(
            directory.path().join("not/yet/there"),
        )),
        bucket: "cleanroom-activations".to_owned(),
        spoil: Box::new(|location, bytes| {
            std::fs::write(location.to_string(), bytes).unwrap();
            Box::pin(std::future::ready(()))
        }),
        read: Box::new(|location| {
            let bytes = std::fs::read(location.to_string()).unwrap();
            Box::pin(std::future::ready(bytes))
        }),
        _directory: Some(directory),
    }
}

fn s3() -> Client {
    Client::from_conf(
        Builder::from(&localstack::aws())
            .force_path_style(true)
            .build(),
    )
}

async fn bucket_on_localstack(of: &str) -> (Client, String) {
    let client = s3();
    let bucket = localstack::fresh_name(of);
    client.create_bucket().bucket(&bucket).send().await.unwrap();
    (client, bucket)
}

fn parts(location: &ReceiptLocation) -> (String, String) {
    let location = location.to_string();
    let rest = location.strip_prefix("s3://").unwrap();
    let (bucket, key) = rest.split_once('/').unwrap();
    (bucket.to_owned(), key.to_owned())
}

fn reader(client: Client) -> Reader {
    Box::new(move |location| {
        let (bucket, key) = parts(location);
        let request = client.get_object().bucket(bucket).key(key);
        Box::pin(async move {
            let body = request.send().await.unwrap().body;
            body.collect().await.unwrap().to_vec()
        })
    })
}

fn spoiler(client: Client) -> Spoiler {
    Box::new(move |location, bytes| {
        let (bucket, key) = parts(location);
        let request = client.put_object().bucket(bucket).key(key);
        let request = request.body(ByteStream::from_static(bytes));
        Box::pin(async move {
            request.send().await.unwrap();
        })
    })
}

async fn s3_bucket(of: &str) -> Stand {
    let (client, bucket) = bucket_on_localstack(of).await;
    Stand {
        store: Arc::new(S3ReceiptStore::new(client.clone(), bucket, "/some/prefix/")),
        bucket: "cleanroom-activations".to_owned(),
        read: reader(client.clone()),
        spoil: spoiler(client),
        _directory: None,
    }
}

async fn s3_beside_the_object(of: &str) -> Stand {
    let (client, bucket) = bucket_on_localstack(of).await;
    Stand {
        store: Arc::new(S3ReceiptStore::beside_the_object(client.clone(), "state")),
        bucket,
        read: reader(client.clone()),
        spoil: spoiler(client),
        _directory: None,
    }
}

fn object(stand: &Stand, key: &str) -> ObjectVersion {
    ObjectVersion {
        address: ObjectAddress {
            bucket: stand.bucket.clone(),
            key: key.to_owned(),
            version_id: None,
        },
        etag: "5d41402abc4b2a76b9719d911017c592".to_owned(),
        size: 5,
        last_modified: 1_770_091_506,
    }
}

const ROUTE: &str = "store-buyers";

fn receipt(object: &ObjectVersion) -> Receipt {
    let destination = Destination {
        api: Code::new("conversions"),
        id: "1234567890".to_owned(),
        mode: None,
    };
    Receipt::new(
        object,
        ROUTE,
        destination,
        Status::Delivered,
        datetime!(2026-02-03 04:05:06 UTC),
        datetime!(2026-02-03 04:05:08 UTC),
    )
}

fn with_rows(mut receipt: Receipt, sent: u64) -> Receipt {
    receipt.rows = Rows {
        read: sent,
        sent,
        ..Rows::default()
    };
    receipt.sent = Sent {
        accepted: sent,
        ..Sent::default()
    };
    receipt
}

fn odd_keys() -> Vec<String> {
    let long = [
        "x".repeat(1_024),
        "ö".repeat(512),
        "d/".repeat(512),
        "%".repeat(1_024),
    ];
    [
        "meta/run=1/part-0.csv",
        "größe 100% a+b.csv",
        "../../etc/passwd",
        "/a//b/",
        "a",
        "a/b.json",
        "a/b",
        "line\nbreak\u{1}",
        "~",
        "%7E",
        "🙂",
    ]
    .into_iter()
    .map(str::to_owned)
    .chain(long)
    .collect()
}

async fn what_was_put_is_got_again_whatever_the_key(stand: Stand) {
    let objects: Vec<_> = odd_keys().iter().map(|key| object(&stand, key)).collect();
    // All are put before the first is read: one must not hide another.
    for (rows, object) in (0..).zip(&objects) {
        let location = stand
            .store
            .put(&with_rows(receipt(object), rows))
            .await
            .unwrap();
        let location = location.to_string();
        assert!(location.contains("/receipts/store-buyers/"), "{location}");
        assert!(location.to_string().ends_with(".json"), "{location}");
    }
    for (rows, object) in (0..).zip(&objects) {
        let got = stand.store.get(object, ROUTE).await.unwrap();
        assert_eq!(got, Some(with_rows(receipt(object), rows)), "{object}");
    }
}

async fn what_was_never_put_is_not_there(stand: Stand) {
    let object = object(&stand, "meta/part-0.csv");
    assert_eq!(stand.store.get(&object, ROUTE).await.unwrap(), None);
}

async fn a_second_receipt_takes_the_place_of_the_first(stand: Stand) {
    let object = object(&stand, "meta/part-0.csv");
    let first = stand
        .store
        .put(&with_rows(receipt(&object), 1))
        .await
        .unwrap();
    let second = stand
        .store
        .put(&with_rows(receipt(&object), 2))
        .await
        .unwrap();
    assert_eq!(first, second);
    let got = stand.store.get(&object, ROUTE).await.unwrap().unwrap();
    assert_eq!(got.rows.read, 2);
}

fn given_up(object: &ObjectVersion) -> Receipt {
    let reason = Code::new("no_progress");
    Receipt {
        status: Status::Quarantined { reason },
        ..with_rows(receipt(object), 0)
    }
}

async fn the_receipt_of_a_delivery_gives_way_to_that_of_another_only(stand: Stand) {
    let object = object(&stand, "meta/part-0.csv");
    let status = async || {
        let got = stand.store.get(&object, ROUTE).await.unwrap().unwrap();
        (got.status.name(), got.rows.read)
    };
    let superseded = Receipt {
        status: Status::Superseded,
        ..given_up(&object)
    };
    let first = stand.store.put(&given_up(&object)).await.unwrap();
    assert_eq!(status().await, ("quarantined", 0));
    stand.store.put(&superseded).await.unwrap();
    assert_eq!(status().await, ("superseded", 0));
    stand
        .store
        .put(&with_rows(receipt(&object), 1))
        .await
        .unwrap();
    assert_eq!(status().await, ("delivered", 1));
    for late in [&given_up(&object), &superseded] {
        assert_eq!(stand.store.put(late).await.unwrap(), first);
        assert_eq!(status().await, ("delivered", 1));
    }
    stand
        .store
        .put(&with_rows(receipt(&object), 2))
        .await
        .unwrap();
    assert_eq!(status().await, ("delivered", 2));
    // Whether what cannot be read is of a delivery, a person has to find out.
    (stand.spoil)(&first, b"{\"schema\": 2}").await;
    let error = stand.store.put(&given_up(&object)).await.unwrap_err();
    assert!(matches!(error, StoreError::Unreadable { .. }), "{error}");
}

async fn a_delivery_stays_whoever_writes_at_the_same_time(stand: Stand) {
    for round in 0..10 {
        let object = object(&stand, &format!("meta/part-{round}.csv"));
        let delivered = with_rows(receipt(&object), 1);
        let given_up = given_up(&object);
        let all = [&given_up, &given_up, &delivered, &given_up, &given_up];
        let put = join_all(all.map(|receipt| stand.store.put(receipt))).await;
        assert!(put[2].is_ok(), "{put:?}");
        let got = stand.store.get(&object, ROUTE).await.unwrap();
        assert_eq!(got, Some(delivered));
    }
}

async fn another_version_and_another_route_have_receipts_of_their_own(stand: Stand) {
    let unversioned = object(&stand, "meta/part-0.csv");
    let mut overwritten = unversioned.clone();
    overwritten.etag = "7d793037a0760186574b0282f2f435e7".to_owned();
    let mut longer = unversioned.clone();
    longer.size = 6;
    let mut versioned = unversioned.clone();
    versioned.address.version_id = Some("3Lg.kqtJlcpXro".to_owned());
    let mut later = versioned.clone();
    later.address.version_id = Some("4Lg.kqtJlcpXro".to_owned());

    stand.store.put(&receipt(&unversioned)).await.unwrap();
    stand.store.put(&receipt(&versioned)).await.unwrap();
    assert!(
        stand
            .store
            .get(&unversioned, ROUTE)
            .await
            .unwrap()
            .is_some()
    );
    assert!(stand.store.get(&versioned, ROUTE).await.unwrap().is_some());
    for other in [&overwritten, &longer, &later] {
        assert_eq!(stand.store.get(other, ROUTE).await.unwrap(), None);
    }
    assert_eq!(
        stand.store.get(&unversioned, "other-route").await.unwrap(),
        None
    );
}

async fn a_receipt_that_does_not_add_up_is_not_kept(stand: Stand) {
    let object = object(&stand, "meta/part-0.csv");
    let mut unbalanced = with_rows(receipt(&object), 7);
    unbalanced.sent.accepted = 6;
    let error = stand.store.put(&unbalanced).await.unwrap_err();
    assert!(matches!(error, StoreError::Unbalanced(_)), "{error}");
    assert_eq!(stand.store.get(&object, ROUTE).await.unwrap(), None);
}

async fn receipts_put_at_once_leave_a_whole_one(stand: Stand) {
    let object = object(&stand, "meta/part-0.csv");
    let receipts: Vec<_> = (0..8)
        .map(|rows| with_rows(receipt(&object), rows))
        .collect();
    let put = join_all(receipts.iter().map(|receipt| stand.store.put(receipt))).await;
    assert!(put.iter().all(Result::is_ok), "{put:?}");
    let got = stand.store.get(&object, ROUTE).await.unwrap().unwrap();
    assert!(receipts.contains(&got));
}

async fn a_list_of_rejects_lies_where_its_receipt_says(stand: Stand) {
    for key in odd_keys() {
        let mut receipt = receipt(&object(&stand, &key));
        receipt.rows.read = 7;
        receipt.rows.rejected = 7;
        for row in 1..=7 {
            receipt.rejects.add(row, None, "row_field_count");
        }
        receipt.list_rejects(7, 7);
        let put = |list: &'static [u8]| stand.store.put_rejects(&receipt, Bytes::from_static(list));
        put(b"that of an attempt before").await.unwrap();
        let location = put(b"a list").await.unwrap();
        let path = &receipt.rejects_file.as_ref().unwrap().path;
        assert!(
            location.to_string().ends_with(&format!("/{path}")),
            "{location}"
        );
        assert_eq!((stand.read)(&location).await, b"a list", "{key}");
        // The receipt beside it is another file.
        stand.store.put(&receipt).await.unwrap();
        assert_eq!((stand.read)(&location).await, b"a list", "{key}");
    }
}

async fn what_is_no_receipt_is_told_and_not_taken_for_none(stand: Stand) {
    let object = object(&stand, "meta/part-0.csv");
    let location = stand.store.put(&receipt(&object)).await.unwrap();
    let too_long: &[u8] = vec![b' '; 5 * 1024 * 1024].leak();
    for spoilt in [&b""[..], b"{", b"{}", b"{\"schema\": 2}", b"\xff", too_long] {
        (stand.spoil)(&location, spoilt).await;
        let error = stand.store.get(&object, ROUTE).await.unwrap_err();
        assert!(matches!(error, StoreError::Unreadable { .. }), "{error}");
        assert!(error.to_string().contains(&location.to_string()), "{error}");
    }
}

macro_rules! every_store {
    ($($test:ident,)*) => {
        mod in_a_directory {
            $(
                #[tokio::test]
                async fn $test() {
                    super::$test(super::local_directory()).await;
                }
            )*
        }

        mod in_s3_on_localstack {
            $(
                #[tokio::test]
                #[ignore = "needs LocalStack: make test"]
                async fn $test() {
                    super::$test(super::s3_bucket(stringify!($test)).await).await;
                }
            )*
        }

        mod in_s3_beside_the_object_on_localstack {
            $(
                #[tokio::test]
                #[ignore = "needs LocalStack: make test"]
                async fn $test() {
                    super::$test(super::s3_beside_the_object(stringify!($test)).await).await;
                }
            )*
        }
    };
}

every_store! {
    what_was_put_is_got_again_whatever_the_key,
    what_was_never_put_is_not_there,
    a_second_receipt_takes_the_place_of_the_first,
    the_receipt_of_a_delivery_gives_way_to_that_of_another_only,
    a_delivery_stays_whoever_writes_at_the_same_time,
    another_version_and_another_route_have_receipts_of_their_own,
    a_receipt_that_does_not_add_up_is_not_kept,
    receipts_put_at_once_leave_a_whole_one,
    a_list_of_rejects_lies_where_its_receipt_says,
    what_is_no_receipt_is_told_and_not_taken_for_none,
}

#[tokio::test]
#[ignore = "needs LocalStack: make test"]
async fn a_bucket_that_does_not_exist_is_for_a_person() {
    let store = S3ReceiptStore::new(s3(), localstack::fresh_name("no-such-bucket"), "");
    let object = object(&local_directory(), "meta/part-0.csv");
    for error in [
        store.put(&receipt(&object)).await.unwrap_err(),
        store.get(&object, ROUTE).await.unwrap_err(),
        store
            .put_rejects(&receipt(&object), Bytes::new())
            .await
            .unwrap_err(),
    ] {
        let StoreError::Setup(text) = &error else {
            panic!("{error} is no setup failure")
        };
        assert!(
            text.contains("no such bucket") && text.contains("s3://no-such-bucket"),
            "{text}"
        );
    }
}

#[tokio::test]
async fn a_root_that_is_no_directory_is_for_a_person() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let store = LocalReceiptStore::new(file.path());
    let object = object(&local_directory(), "meta/part-0.csv");
    let error = store.put(&receipt(&object)).await.unwrap_err();
    assert!(matches!(error, StoreError::Setup(_)), "{error}");
}

#[tokio::test]
async fn a_temporary_file_that_a_crash_left_is_no_obstacle() {
    let directory = tempfile::tempdir().unwrap();
    let store = LocalReceiptStore::new(directory.path());
    let object = object(&local_directory(), "meta/part-0.csv");
    let location = store.put(&receipt(&object)).await.unwrap().to_string();
    let folder = std::path::Path::new(&location).parent().unwrap();
    std::fs::write(
        folder.join(format!(".{}-0.tmp", std::process::id())),
        "half",
    )
    .unwrap();
    store.put(&with_rows(receipt(&object), 3)).await.unwrap();
    let got = store.get(&object, ROUTE).await.unwrap().unwrap();
    assert_eq!(got.rows.read, 3);
    let left: Vec<_> = std::fs::read_dir(folder).unwrap().collect();
    assert_eq!(left.len(), 2, "{left:?}");
}
