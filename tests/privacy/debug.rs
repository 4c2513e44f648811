//! `Debug` of everything that holds a cell, an identifier, a token or a body.

use std::time::Duration;

use audience_activator::batches::BatchBuilder;
use audience_activator::credentials::{RawSecret, recognise};
use audience_activator::event;
use audience_activator::identity::columns::Columns;
use audience_activator::identity::key::Api;
use audience_activator::identity::{Context, Header, IdentifiedRow, Mapping, Tally, Verdict};
use audience_activator::meta::{AudienceMode, CustomAudience, DeleteWith, Destination};
use audience_activator::queue::{DeadLetter, DeadLettered, InProcessQueue, Queue};
use audience_activator::rows::{self, Next, Record, RowOptions, Rows};
use secrecy::{SecretSlice, SecretString};

use super::marks::{APP_SECRET, HEADER, MARK, TOKEN, assert_clean, found, person};

/// Everything that is made on a row's way, in `Debug`.
async fn a_rows_way(api: Api) -> Vec<String> {
    let mut said = Vec::new();
    let names = HEADER.replace("born", "dob").replace("first", "fn");
    let text = format!("{names}\n{}\n", person(1));
    let opened = rows::open(text.as_bytes(), RowOptions::default()).await;
    let Rows::Table { header, mut reader } = opened.unwrap() else {
        panic!("no rows")
    };
    let mut record = Record::new();
    assert_eq!(reader.next(&mut record).await.unwrap(), Next::Row);
    said.extend([
        format!("{header:?}"),
        format!("{reader:?}"),
        format!("{record:?}"),
    ]);

    let header = Header::new(header.names().iter().map(String::as_str));
    let as_of = time::macros::date!(2026 - 01 - 01);
    let mapping = Mapping::resolve(&Columns::Auto, &header, Context::new(api, as_of)).unwrap();
    let (mut row, mut tally) = (IdentifiedRow::default(), Tally::default());
    let verdict = mapping.identify(|position| record.get(position), &mut row, &mut tally);
    assert_eq!(verdict, Verdict::Keep);
    assert!(row.iter().count() >= 6, "{row:?}");
    said.extend([
        format!("{header:?}"),
        format!("{mapping:?}"),
        format!("{row:?}"),
    ]);
    said.extend([
        format!("{tally:?}"),
        format!("{:?}", row.iter().collect::<Vec<_>>()),
    ]);

    let (audience, schema) = ("2002".to_owned(), mapping.keys());
    let add = AudienceMode::Add;
    let destination = CustomAudience::new(audience, add, DeleteWith::Body, schema, 1 << 20);
    let mut builder = BatchBuilder::new(destination.envelope(), destination.limits());
    let pushed = builder.push(1, |body| destination.write(&record, &row, body));
    assert!(pushed.unwrap().is_none());
    said.push(format!("{builder:?}"));
    let batch = builder.finish().unwrap();
    let request = destination.request(&batch);
    assert!(found(std::str::from_utf8(&request.body).unwrap()).is_some());
    said.extend([
        format!("{destination:?}"),
        format!("{batch:?}"),
        format!("{request:?}"),
    ]);

    let unfit = Mapping::resolve(
        &Columns::Auto,
        &Header::new([MARK]),
        Context::new(api, as_of),
    );
    let error = unfit.unwrap_err();
    said.extend([format!("{error:?}"), error.to_string()]);
    said
}

async fn a_messages_way() -> Vec<String> {
    let body = format!("{{\"{MARK}\":\"{MARK}\"}}");
    let queue = InProcessQueue::new(Duration::from_secs(30));
    queue.send(body.clone());
    let messages = queue.receive(1, Duration::ZERO).await.unwrap();
    let letter = DeadLetter {
        reason: "not_understood".into(),
        detail: "it names no object".to_owned(),
        object: None,
        route: None,
    };
    let aside = queue.send_to_dead_letters(&messages[0], &letter).await;
    assert_eq!(aside.unwrap(), DeadLettered::Sent);
    vec![
        format!("{queue:?}"),
        format!("{messages:?}"),
        format!("{:?}", event::decode(&body)),
    ]
}

fn a_secrets_way() -> Vec<String> {
    let text = format!(r#"{{"access_token":"{TOKEN}","app_secret":"{APP_SECRET}"}}"#);
    let binary = RawSecret::Binary(SecretSlice::from(text.clone().into_bytes()));
    let text = RawSecret::Text(SecretString::from(text));
    let nonsense = RawSecret::Text(SecretString::from(format!("{{\"{MARK}\":[\"{MARK}\"]}}")));
    let error = recognise(&nonsense).unwrap_err();
    vec![
        format!("{text:?} {binary:?} {nonsense:?}"),
        format!("{:?} {:?}", recognise(&text), recognise(&binary)),
        format!("{error:?} {error}"),
    ]
}

#[tokio::test]
async fn no_debug_output_shows_a_value() {
    let mut said = a_rows_way(Api::CustomAudience).await;
    said.extend(a_rows_way(Api::Conversions).await);
    said.extend(a_messages_way().await);
    said.extend(a_secrets_way());
    for one in said {
        assert_clean("Debug", &one);
    }
}
