//! What a directory does besides.

use super::*;

#[tokio::test]
async fn a_root_that_is_no_directory_is_for_a_person() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let ledger = LocalLedger::new(file.path());
    let object = local_directory().object("meta/part-0.csv");
    for error in [
        ledger.put(&entry(&object, 1), None).await.unwrap_err(),
        ledger.get(&object, ROUTE).await.unwrap_err(),
        ledger.list(None, None).next().await.unwrap().unwrap_err(),
    ] {
        assert!(matches!(error, LedgerError::Setup(_)), "{error}");
    }
}

/// A ledger in a directory with one entry, which lies in the folder.
async fn with_one_entry(root: &Path) -> (LocalLedger, ObjectVersion, Tag, PathBuf) {
    let ledger = LocalLedger::new(root);
    let object = local_directory().object("meta/part-0.csv");
    let tag = stored(ledger.put(&entry(&object, 1), None).await.unwrap());
    let folder = root.join(path_of(&object)).parent().unwrap().to_owned();
    (ledger, object, tag, folder)
}

#[tokio::test]
async fn a_temporary_file_that_a_crash_left_is_no_obstacle() {
    let directory = tempfile::tempdir().unwrap();
    let (ledger, object, tag, folder) = with_one_entry(directory.path()).await;
    let left = folder.join(format!(".{}-0.tmp", std::process::id()));
    std::fs::write(left, "half").unwrap();
    let swapped = ledger.put(&entry(&object, 2), Some(&tag)).await.unwrap();
    stored(swapped);
    let listed: Vec<_> = ledger.list(None, None).collect().await;
    assert_eq!(listed.len(), 1);
    let files: Vec<_> = std::fs::read_dir(folder).unwrap().collect();
    assert_eq!(files.len(), 2, "{files:?}");
}

#[tokio::test]
async fn a_folder_of_parts_goes_with_the_last_of_them() {
    let directory = tempfile::tempdir().unwrap();
    let (ledger, object, _, folder) = with_one_entry(directory.path()).await;
    let entry = entry(&object, 1);
    let names = ["1-0", "1-1"].map(str::to_owned);
    for name in &names {
        let put = ledger.put_segment(&entry, name, Bytes::new());
        put.await.unwrap();
    }
    let inside = || std::fs::read_dir(&folder).unwrap().count();
    ledger.remove_segments(&entry, &names[..1]).await.unwrap();
    assert_eq!(inside(), 2);
    ledger.remove_segments(&entry, &names).await.unwrap();
    assert_eq!(inside(), 1);
}

#[tokio::test]
async fn whoever_writes_waits_for_the_lock_of_another_process() {
    let directory = tempfile::tempdir().unwrap();
    let (ledger, object, tag, _) = with_one_entry(directory.path()).await;
    let lock = std::fs::File::open(directory.path().join("ledger.lock")).unwrap();
    lock.lock().unwrap();
    let second = entry(&object, 2);
    let mut put = Box::pin(ledger.put(&second, Some(&tag)));
    let early = tokio::time::timeout(Duration::from_millis(200), &mut put).await;
    assert!(early.is_err(), "{early:?}");
    // Readers need none.
    let found = ledger.get(&object, ROUTE).await.unwrap().unwrap();
    assert_eq!(found.entry.revision, 1);
    lock.unlock().unwrap();
    stored(put.await.unwrap());
}

#[tokio::test(start_paused = true)]
async fn a_lock_that_is_never_let_go_holds_nobody_for_long() {
    let directory = tempfile::tempdir().unwrap();
    let (ledger, object, tag, _) = with_one_entry(directory.path()).await;
    let lock = std::fs::File::open(directory.path().join("ledger.lock")).unwrap();
    lock.lock().unwrap();
    let began = tokio::time::Instant::now();
    let put = ledger.put(&entry(&object, 2), Some(&tag)).await;
    let error = put.unwrap_err();
    assert!(matches!(error, LedgerError::Transient(_)), "{error}");
    assert!(began.elapsed() < Duration::from_secs(20));
    let found = ledger.get(&object, ROUTE).await.unwrap().unwrap();
    assert_eq!(found.entry.revision, 1);
}
