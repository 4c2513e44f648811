#![allow(clippy::unwrap_used)]

use proptest::prelude::*;

use super::*;
use crate::object::version::{ObjectAddress, ObjectVersion};

fn described(key: &str, version_id: Option<&str>) -> ObjectDescription {
    ObjectDescription::from(&ObjectVersion {
        address: ObjectAddress {
            bucket: "a-bucket".into(),
            key: key.into(),
            version_id: version_id.map(Into::into),
        },
        etag: "0f343b09-2".into(),
        size: 17,
        last_modified: 0,
    })
}

fn path(key: &str) -> String {
    of_receipt(&described(key, None), "route")
}

#[test]
fn a_plain_key_keeps_its_folders_and_its_name() {
    assert_eq!(
        path("meta/run=1/part-0.csv"),
        "receipts/route/a-bucket/meta/run=1/part-0.csv/0f343b09-2-17.json"
    );
    assert_eq!(
        of_receipt(&described("part-0", Some("3Lg.kqt_l")), "route"),
        "receipts/route/a-bucket/part-0/3Lg.kqt_l.json"
    );
}

#[test]
fn the_list_of_rejects_has_the_path_of_its_receipt_in_another_tree() {
    assert_eq!(
        of_rejects(&described("a/b.json", None), "route"),
        "rejects/route/a-bucket/a/b%2Ejson/0f343b09-2-17.rejects.csv.gz"
    );
    let folder = "x.rejects.csv.gz";
    assert_eq!(
        path(folder),
        "receipts/route/a-bucket/x%2Erejects.csv.gz/0f343b09-2-17.json"
    );
}

#[test]
fn an_entry_and_the_parts_of_its_list_lie_beside_each_other() {
    let object = described("a/b.rejects", None);
    let beside = "ledger/route/a-bucket/a/b%2Erejects/0f343b09-2-17";
    let entry = of_entry(&object, "route");
    assert_eq!(entry, format!("{beside}.json"));
    let segment = of_segment(&object, "route", "3-00A").unwrap();
    assert_eq!(segment, format!("{beside}.rejects/3-00A.csv.gz"));
    assert!(segment.starts_with(&of_segments(&object, "route")));
    assert!(entry.starts_with(&of_entries("route")));
    assert!(is_entry(&entry) && !is_entry(&segment));
}

#[test]
fn the_name_of_a_part_leads_nowhere_else() {
    let object = described("a", None);
    for name in ["", "..", "../b", "a/b", "a.b", "a b", "ä", &"a".repeat(33)] {
        assert_eq!(of_segment(&object, "route", name), None, "{name:?}");
    }
}

#[test]
fn an_odd_key_is_encoded() {
    for (key, folders) in [
        ("a b+c%.csv", "a%20b%2Bc%25.csv"),
        ("größe~", "gr%C3%B6%C3%9Fe%7E"),
        ("../../etc/passwd", "%2E%2E/%2E%2E/etc/passwd"),
        ("/a//b/", "%/a/%/b/%"),
        ("./a", "%2E/a"),
        ("a/b.json", "a/b%2Ejson"),
        ("a/.JSON/..json", "a/%2EJSON/.%2Ejson"),
        ("a\\b:c\0\n", "a%5Cb%3Ac%00%0A"),
    ] {
        let expected = format!("receipts/route/a-bucket/{folders}/0f343b09-2-17.json");
        assert_eq!(path(key), expected, "{key:?}");
    }
}

#[test]
fn long_keys_that_begin_alike_stay_apart() {
    let one = path(&format!("{}1", "ö".repeat(511)));
    let two = path(&format!("{}2", "ö".repeat(511)));
    assert_ne!(one, two);
    assert!(one.len() <= 400, "{}", one.len());
    let deep = path(&"a/".repeat(512));
    assert!(deep.len() <= 400, "{}", deep.len());
}

/// Keys of the parts that make trouble.
fn any_key() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        prop::sample::select(vec![
            "",
            ".",
            "..",
            "a",
            "b",
            "%",
            "~",
            "a.json",
            "%2E",
            "0f343b09-2-17.json",
            "0f343b09-2-17.rejects.csv.gz",
            "0f343b09-2-17.rejects",
            "1.csv.gz",
            "key"
        ])
        .prop_map(str::to_owned),
        ".{0,3}",
        "[a-zö]{150,260}",
    ];
    prop::collection::vec(part, 1..6).prop_map(|parts| parts.join("/"))
}

proptest! {
    #[test]
    fn no_two_keys_share_a_path_or_a_part_of_it(one in any_key(), two in any_key()) {
        let paths = |key: &str| {
            let object = described(key, None);
            [
                of_receipt(&object, "route"),
                of_rejects(&object, "route"),
                of_entry(&object, "route"),
                of_segments(&object, "route"),
                of_segment(&object, "route", "1").unwrap(),
            ]
        };
        let (paths_of_one, paths_of_two) = (paths(&one), paths(&two));
        if one == two {
            prop_assert_eq!(paths_of_one, paths_of_two);
            return Ok(());
        }
        for a in &paths_of_one {
            for b in &paths_of_two {
                prop_assert_ne!(a, b);
                // Neither may need a folder where the other has a file.
                let inside = format!("{a}/");
                prop_assert!(!b.starts_with(&inside), "{a} {b}");
                let inside = format!("{b}/");
                prop_assert!(!a.starts_with(&inside), "{a} {b}");
            }
        }
    }

    #[test]
    fn every_path_fits_s3_and_file_systems(
        key in any_key(), version in proptest::option::of(".{0,300}"), route in ".{1,300}",
    ) {
        let mut object = described(&key, version.as_deref());
        object.bucket = "b".repeat(63);
        let longest_name = "n".repeat(LONGEST_SEGMENT_NAME);
        let paths = [
            of_receipt(&object, &route),
            of_rejects(&object, &route),
            of_entry(&object, &route),
            of_segment(&object, &route, &longest_name).unwrap(),
        ];
        for path in &paths {
            prop_assert!(path.len() <= 724, "{} bytes", path.len());
            prop_assert!(path.is_ascii());
            for name in path.split('/') {
                prop_assert!(!matches!(name, "" | "." | ".."), "{path}");
                prop_assert!(name.len() <= 255, "{path}");
            }
        }
    }
}
