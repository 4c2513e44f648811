//! What holds of each of them.

use super::*;

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
        // As if inside another's folder of parts of a list.
        "a/5d41402abc4b2a76b9719d911017c592-5.rejects",
        "a/5d41402abc4b2a76b9719d911017c592-5.rejects/1-0.csv.gz",
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

pub(super) async fn what_was_put_is_got_again_whatever_the_key(stand: Stand) {
    let objects: Vec<_> = odd_keys().iter().map(|key| stand.object(key)).collect();
    let mut tags = Vec::new();
    let part = |number: u64| Bytes::from(format!("part of {number}"));
    // All are put before the first is read: one must not hide another.
    for (number, object) in (0..).zip(&objects) {
        let entry = entry(object, number);
        tags.push(stand.create(&entry).await);
        let put = stand.ledger.put_segment(&entry, "1-0", part(number));
        put.await.unwrap();
    }
    for ((number, object), tag) in (0..).zip(&objects).zip(tags) {
        let found = stand.get(object).await.unwrap();
        assert_eq!(found.entry, entry(object, number), "{object}");
        assert_eq!(found.tag, tag, "{object}");
        let segment = stand.ledger.get_segment(&found.entry, "1-0").await;
        assert_eq!(segment.unwrap(), part(number), "{object}");
    }
    let (listed, errors) = stand.list(None).await;
    assert_eq!(listed, BTreeSet::from_iter(odd_keys()));
    assert!(errors.is_empty(), "{errors:?}");
}

pub(super) async fn what_was_never_put_is_not_there(stand: Stand) {
    let object = stand.object("meta/part-0.csv");
    assert!(stand.get(&object).await.is_none());
    let (listed, errors) = stand.list(None).await;
    assert!(listed.is_empty() && errors.is_empty(), "{errors:?}");
}

pub(super) async fn an_entry_is_created_once(stand: Stand) {
    let object = stand.object("meta/part-0.csv");
    let first = stand.create(&entry(&object, 1)).await;
    let second = stand.other.put(&entry(&object, 2), None).await.unwrap();
    assert_eq!(second, Put::Conflict);
    let found = stand.get(&object).await.unwrap();
    assert_eq!((found.entry.revision, found.tag), (1, first));
}

pub(super) async fn a_swap_asks_for_the_tag_of_what_is_there(stand: Stand) {
    let object = stand.object("meta/part-0.csv");
    let first = stand.create(&entry(&object, 1)).await;
    let swapped = stand.ledger.put(&entry(&object, 2), Some(&first)).await;
    let second = stored(swapped.unwrap());
    assert_ne!(first, second);
    for ledger in [&stand.ledger, &stand.other] {
        let late = ledger.put(&entry(&object, 3), Some(&first)).await.unwrap();
        assert_eq!(late, Put::Conflict);
        let found = ledger.get(&object, ROUTE).await.unwrap().unwrap();
        assert_eq!((found.entry.revision, &found.tag), (2, &second));
    }
    let third = stand.other.put(&entry(&object, 3), Some(&second)).await;
    stored(third.unwrap());
    // What is not there has no tag that could be meant.
    let gone = stand.object("meta/part-1.csv");
    let swapped = stand.ledger.put(&entry(&gone, 1), Some(&second)).await;
    assert_eq!(swapped.unwrap(), Put::Conflict);
    assert!(stand.get(&gone).await.is_none());
}

pub(super) async fn of_writes_at_once_exactly_one_wins(stand: Stand) {
    const ROUNDS: u64 = 20;
    const WRITERS: u64 = 6;
    let object = stand.object("meta/part-0.csv");
    let mut tag: Option<Tag> = None;
    for round in 0..ROUNDS {
        let writers = (0..WRITERS).map(|writer| {
            let ledger = match writer % 2 {
                0 => stand.ledger.clone(),
                _ => stand.other.clone(),
            };
            let (entry, tag) = (entry(&object, round * WRITERS + writer), tag.clone());
            tokio::spawn(async move {
                let put = ledger.put(&entry, tag.as_ref()).await.unwrap();
                (entry, put)
            })
        });
        let mut winners = Vec::new();
        for ended in join_all(writers).await {
            let (entry, put) = ended.unwrap();
            if put != Put::Conflict {
                winners.push((entry, stored(put)));
            }
        }
        assert_eq!(winners.len(), 1, "round {round}");
        let (entry, won) = winners.remove(0);
        let found = stand.get(&object).await.unwrap();
        assert_eq!((found.entry, &found.tag), (entry, &won), "round {round}");
        tag = Some(won);
    }
}

pub(super) async fn what_is_no_entry_is_told_and_not_taken_for_none(stand: Stand) {
    let object = stand.object("meta/part-0.csv");
    let of_another_schema = {
        let mut json = serde_json::to_value(entry(&object, 1)).unwrap();
        *json.get_mut("schema").unwrap() = 2.into();
        json.to_string().into_bytes()
    };
    let too_long = {
        let mut json = serde_json::to_vec(&entry(&object, 1)).unwrap();
        json.resize(5 * 1024 * 1024, b' ');
        json
    };
    for spoilt in [
        b"".to_vec(),
        b"{".to_vec(),
        b"{}".to_vec(),
        b"\xff".to_vec(),
        of_another_schema,
        too_long,
    ] {
        (stand.spoil)(path_of(&object), spoilt).await;
        let error = stand.ledger.get(&object, ROUTE).await.unwrap_err();
        assert!(matches!(error, LedgerError::Unreadable { .. }), "{error}");
        assert!(error.to_string().contains(&path_of(&object)), "{error}");
        // It is a person's to move away: nothing is written in its place.
        let put = stand.ledger.put(&entry(&object, 2), None).await.unwrap();
        assert_eq!(put, Put::Conflict);
    }
}

pub(super) async fn another_version_and_another_route_have_entries_of_their_own(stand: Stand) {
    let unversioned = stand.object("meta/part-0.csv");
    let mut overwritten = unversioned.clone();
    overwritten.etag = "7d793037a0760186574b0282f2f435e7".to_owned();
    let mut longer = unversioned.clone();
    longer.size = 6;
    let mut versioned = unversioned.clone();
    versioned.address.version_id = Some("3Lg.kqtJlcpXro".to_owned());
    let mut later = versioned.clone();
    later.address.version_id = Some("4Lg.kqtJlcpXro".to_owned());

    stand.create(&entry(&unversioned, 1)).await;
    stand.create(&entry(&versioned, 2)).await;
    assert_eq!(stand.get(&unversioned).await.unwrap().entry.revision, 1);
    assert_eq!(stand.get(&versioned).await.unwrap().entry.revision, 2);
    for other in [&overwritten, &longer, &later] {
        assert!(stand.get(other).await.is_none());
    }
    let on_another = stand.ledger.get(&unversioned, "other-route").await.unwrap();
    assert!(on_another.is_none());
    // Whatever brought the one to the other's place.
    let moved = serde_json::to_vec(&entry(&versioned, 3)).unwrap();
    (stand.spoil)(path_of(&unversioned), moved).await;
    assert!(stand.get(&unversioned).await.is_none());
}

pub(super) async fn parts_of_a_list_of_rejects_are_kept_until_they_are_removed(stand: Stand) {
    let one = entry(&stand.object("meta/part-0.csv"), 1);
    let two = entry(&stand.object("meta/part-1.csv"), 1);
    let part = |text: &'static str| Bytes::from_static(text.as_bytes());
    let ledger = &stand.ledger;
    ledger.put_segment(&one, "1-0", part("a")).await.unwrap();
    ledger.put_segment(&one, "1-1", part("")).await.unwrap();
    ledger.put_segment(&two, "1-0", part("b")).await.unwrap();
    let a = stand.other.get_segment(&one, "1-0").await.unwrap();
    let nothing = stand.other.get_segment(&one, "1-1").await.unwrap();
    assert_eq!((a, nothing), (part("a"), part("")));

    let names = |names: &[&str]| {
        names
            .iter()
            .map(|&name| name.to_owned())
            .collect::<Vec<_>>()
    };
    let removed = names(&["1-0", "9-9"]);
    for _ in 0..2 {
        ledger.remove_segments(&one, &removed).await.unwrap();
    }
    let error = ledger.get_segment(&one, "1-0").await.unwrap_err();
    assert!(matches!(error, LedgerError::Setup(_)), "{error}");
    assert!(error.to_string().contains("is not there"), "{error}");
    assert_eq!(ledger.get_segment(&one, "1-1").await.unwrap(), part(""));
    assert_eq!(ledger.get_segment(&two, "1-0").await.unwrap(), part("b"));
    ledger
        .remove_segments(&one, &names(&["1-1"]))
        .await
        .unwrap();
    ledger.put_segment(&one, "2-0", part("c")).await.unwrap();
    assert_eq!(ledger.get_segment(&one, "2-0").await.unwrap(), part("c"));
}

pub(super) async fn a_name_of_a_part_leads_nowhere_else(stand: Stand) {
    let one = entry(&stand.object("meta/part-0.csv"), 1);
    stand.create(&one).await;
    let beside = format!("../{ETAG}-5.json");
    for name in ["", "..", "a/b", &beside] {
        let names = [name.to_owned()];
        for error in [
            stand.ledger.get_segment(&one, name).await.unwrap_err(),
            stand
                .ledger
                .put_segment(&one, name, Bytes::new())
                .await
                .unwrap_err(),
            stand
                .ledger
                .remove_segments(&one, &names)
                .await
                .unwrap_err(),
        ] {
            assert!(matches!(error, LedgerError::Setup(_)), "{error}");
        }
    }
    assert!(stand.get(&stand.object("meta/part-0.csv")).await.is_some());
}

pub(super) async fn all_entries_are_listed_and_those_of_a_route(stand: Stand) {
    let mut on_route = BTreeSet::new();
    for number in 0..25 {
        let key = format!("meta/run-{}/part-{number}.csv", number % 3);
        let entry = entry(&stand.object(&key), 1);
        stand.create(&entry).await;
        let part = Bytes::from_static(b"part");
        let put = stand.ledger.put_segment(&entry, "1-0", part);
        put.await.unwrap();
        on_route.insert(key);
    }
    let mut all = on_route.clone();
    // A name that is the beginning of the other's.
    for (number, route) in ["store", "größe/a"].into_iter().enumerate() {
        let key = format!("other/{number}.csv");
        let mut entry = entry(&stand.object(&key), 1);
        route.clone_into(&mut entry.route);
        stand.create(&entry).await;
        let (listed, errors) = stand.list(Some(route)).await;
        assert_eq!(listed, BTreeSet::from([key.clone()]));
        assert!(errors.is_empty(), "{errors:?}");
        all.insert(key);
    }
    let (listed, errors) = stand.list(None).await;
    assert_eq!(listed, all);
    assert!(errors.is_empty(), "{errors:?}");

    let spoilt = stand.object("meta/run-1/part-1.csv");
    (stand.spoil)(path_of(&spoilt), b"{}".to_vec()).await;
    on_route.remove(&spoilt.address.key);
    let (listed, errors) = stand.list(Some(ROUTE)).await;
    assert_eq!(listed, on_route);
    let [LedgerError::Unreadable { location }] = &errors[..] else {
        panic!("{errors:?}")
    };
    assert!(
        location.to_string().ends_with(&path_of(&spoilt)),
        "{location}"
    );
    let (listed, errors) = stand.list(Some("store-buyer")).await;
    assert!(listed.is_empty() && errors.is_empty(), "{errors:?}");
}

/// S3 tells times in whole seconds, of which two may be off by nearly one each.
const ROUGHLY: Duration = Duration::from_secs(2);

pub(super) async fn an_entry_grows_old_until_it_is_written_again(stand: Stand) {
    let object = stand.object("meta/part-0.csv");
    let mut written = Instant::now();
    let mut tag = stand.create(&entry(&object, 1)).await;
    for revision in 2..4 {
        loop {
            let found = stand.get(&object).await.unwrap();
            assert!(found.age <= written.elapsed() + ROUGHLY, "{:?}", found.age);
            if found.age >= Duration::from_secs(1) {
                break;
            }
            let waited = written.elapsed();
            assert!(waited < Duration::from_secs(60), "it grows no older");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        written = Instant::now();
        let next = entry(&object, revision);
        let swapped = stand.ledger.put(&next, Some(&tag)).await;
        tag = stored(swapped.unwrap());
    }
    let found = stand.get(&object).await.unwrap();
    assert!(found.age <= written.elapsed() + ROUGHLY, "{:?}", found.age);
}

pub(super) async fn a_write_dropped_in_flight_is_whole_or_not_there(stand: Stand) {
    let mut dropped = 0;
    let mut tag = None;
    let object = stand.object("meta/part-0.csv");
    for revision in 0..40 {
        let mut long = entry(&object, revision);
        long.progress.rejects.tail = "A".repeat(300_000);
        let micros = 150 * revision;
        let put = stand.ledger.put(&long, tag.as_ref());
        let ended = tokio::time::timeout(Duration::from_micros(micros), put).await;
        dropped += u32::from(ended.is_err());
        if let Ok(put) = ended {
            put.unwrap();
        }
        // Half an entry would stay unreadable.
        if let Some(found) = settled(&stand, &object).await {
            assert_eq!(found.entry.progress.rejects.tail.len(), 300_000);
            tag = Some(found.tag);
        }
    }
    assert!(dropped > 0);
}

/// What is there in the end. While LocalStack overwrites an object, who reads it gets
/// neither the old nor the new one, but an answer that breaks off.
async fn settled(stand: &Stand, object: &ObjectVersion) -> Option<Found> {
    let began = Instant::now();
    loop {
        match stand.ledger.get(object, ROUTE).await {
            Err(LedgerError::Transient(_)) if began.elapsed() < Duration::from_secs(60) => {}
            settled => return settled.unwrap(),
        }
    }
}
