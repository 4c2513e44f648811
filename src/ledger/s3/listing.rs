//! All entries below a folder: page by page, and of each page several at once.

use futures_util::future::ready;
use futures_util::stream::{self, BoxStream};
use futures_util::{Stream, StreamExt, TryStreamExt};

use super::{AT_ONCE, S3Ledger, in_time};
use crate::ledger::document::is_on;
use crate::ledger::{Found, LedgerError};
use crate::receipts::path;
use crate::state::s3::At;
use crate::state::s3_failure::{self, Step};

impl S3Ledger {
    pub(super) fn list<'a>(
        &'a self,
        bucket: Option<&'a str>,
        route: Option<&'a str>,
    ) -> BoxStream<'a, Result<Found, LedgerError>> {
        let Some(bucket) = self.place.bucket().or(bucket) else {
            let error = LedgerError::Setup(
                "every bucket of objects keeps its own ledger entries: say which bucket to look in"
                    .to_owned(),
            );
            return stream::once(ready(Err(error))).boxed();
        };
        let folder = route.map_or(path::LEDGER.to_owned(), path::of_entries);
        self.entries_below(self.place.at(bucket, &folder))
            .map(async |at| self.read(at?).await)
            .buffer_unordered(AT_ONCE)
            // What was there a moment ago may be gone.
            .filter_map(|found| ready(found.transpose()))
            .filter(move |found| ready(is_on(route, found)))
            .boxed()
    }

    /// One page of them in memory at a time.
    fn entries_below(&self, folder: At) -> impl Stream<Item = Result<At, LedgerError>> {
        let first = Some((folder, None));
        stream::try_unfold(first, async |next| match next {
            Some((folder, token)) => self.page(folder, token).await.map(Some),
            None => Ok::<_, LedgerError>(None),
        })
        .map_ok(|entries| stream::iter(entries).map(Ok))
        .try_flatten()
    }

    /// Some entries, and where the next ones are.
    async fn page(
        &self,
        folder: At,
        token: Option<String>,
    ) -> Result<(Vec<At>, Option<(At, Option<String>)>), LedgerError> {
        let request = self
            .place
            .client
            .list_objects_v2()
            .bucket(&folder.bucket)
            .prefix(&folder.key)
            .set_max_keys(self.keys_in_a_page)
            .set_continuation_token(token)
            .customize()
            .config_override(self.place.in_time());
        let page = in_time(Step::List, &folder, async {
            let page = request.send().await;
            Ok(page.map_err(|error| s3_failure::judge(Step::List, &folder, &error))?)
        });
        let page = page.await?;
        let keys = page.contents.unwrap_or_default().into_iter();
        let entries = keys
            .filter_map(|object| object.key)
            .filter(|key| path::is_entry(key))
            .map(|key| At {
                bucket: folder.bucket.clone(),
                key,
            })
            .collect();
        let token = page.next_continuation_token;
        Ok((entries, token.map(|token| (folder, Some(token)))))
    }
}
