use std::time::Duration;

use reqwest::Method;
use serde_json::json;
use simulator::{Fault, Simulator, StartError, Target};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::support::{MARY, answer, world};

#[tokio::test]
async fn a_body_beyond_the_limit_is_refused_and_not_kept() {
    let world = world().await;
    let huge = vec![b' '; (64 << 20) + 1];
    let request = world.request(Method::POST, "/v26.0/123/events");
    // The refusal comes before the body is through: the client may see either.
    match request
        .header("content-type", "application/json")
        .body(huge)
        .send()
        .await
    {
        Ok(response) => assert_eq!(response.status(), 413),
        Err(error) => assert!(error.is_request()),
    }
    assert_eq!(world.read("/v26.0/456").await.status, 200);
}

#[tokio::test]
async fn an_encoded_body_is_refused() {
    let world = world().await;
    let request = world
        .request(Method::POST, "/v26.0/123/events")
        .json(&json!({ "data": [] }));
    let answer = answer(request.header("content-encoding", "gzip")).await;
    assert_eq!(answer.error(), (400, 100, None));
}

#[tokio::test]
async fn too_many_parameters_have_a_code_of_their_own() {
    let world = world().await;
    let many: Vec<_> = (0..600).map(|number| (format!("p{number}"), "x")).collect();
    let request = world.request(Method::POST, "/v26.0/123/events").form(&many);
    assert_eq!(answer(request).await.error(), (400, 105, None));
    // However many they are, no more are kept than it takes to know that.
    let names = (0..1_000_000).map(|number| format!("\"{number}\":0"));
    let json = format!("{{{}}}", names.collect::<Vec<_>>().join(","));
    let request = world
        .request(Method::POST, "/v26.0/123/events")
        .header("content-type", "application/json")
        .body(json);
    assert_eq!(answer(request).await.error(), (400, 105, None));
}

fn post(content_type: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "POST /v26.0/123/events?access_token=EAAB-secret-token HTTP/1.1\r\nHost: x\r\n\
         Content-Type: {content_type}\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

#[tokio::test]
async fn nothing_that_is_commanded_ends_the_simulator() {
    let world = world().await;
    let most = u64::MAX;
    for (command, body) in [
        ("clock", json!({ "advance_s": most })),
        (
            "change",
            json!({
                "token": { "expires_in_s": most },
                "audiences": { "456": { "swap_takes_s": most, "smallest": most } },
                "quotas": { "tier": "full", "block_s": most, "score": 1, "rows": most },
            }),
        ),
        ("clock", json!({ "speed": 1e6, "advance_s": most })),
    ] {
        let answer = world.control(Method::POST, command, body).await;
        assert_eq!(answer.status, 200, "{command}: {}", answer.body);
    }
    let members = json!({ "schema": ["EMAIL"], "data": [[MARY]] });
    let replaced = world.batch("usersreplace", members, (7, 1, true)).await;
    assert_eq!(replaced.error(), (400, 17, Some(2_446_079)));
    for _ in 0..2 {
        let read = world.read("/v26.0/456").await;
        assert_eq!(read.error(), (400, 613, Some(1_487_742)));
    }
    let quotas = json!({ "quotas": {} });
    world.control(Method::POST, "change", quotas).await;
    let members = json!({ "schema": ["EMAIL"], "data": [[MARY]] });
    let replaced = world.batch("usersreplace", members, (7, 1, true)).await;
    assert_eq!(replaced.status, 200);
    assert_eq!(world.operation().await, 414, "the swap never comes");
}

#[tokio::test]
async fn nothing_that_is_sent_ends_the_simulator() {
    let world = world().await;
    let address = world.simulator.address();
    let deep = format!("{{\"data\":{}", "[".repeat(200_000));
    let bodies = [
        b"GET / HTTP/1.1\r\n\r\n".to_vec(),
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".to_vec(),
        b"POST /v26.0/123/events HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n{".to_vec(),
        b"POST /v26.0/123/events HTTP/1.1\r\nHost: x\r\nContent-Length: 18446744073709551615\r\n\r\n{"
            .to_vec(),
        format!(
            "POST /v26.0/123/events?access_token=EAAB-secret-token HTTP/1.1\r\nHost: x\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{deep}",
            deep.len()
        )
        .into_bytes(),
        b"GET /_simulator/inspect/event?dataset=%ff&%00=%f HTTP/1.1\r\nHost: x\r\n\r\n".to_vec(),
        b"POST /v26.0/123/events HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\
          Content-Type: multipart/form-data; boundary=\r\n\r\nabc"
            .to_vec(),
        post("application/json", b"\xff\xfe{\"data\":[]}"),
        post("application/json", b"{\"data\":[\"\\ud800\"]}"),
        post("application/json", b"{\"data\":[{\"event_time\":1e999}]}"),
        post("application/x-www-form-urlencoded", b"data=%ff%fe[&%zz=%"),
        post("multipart/form-data; boundary=b", b"--b\r\nno head\r\n--b"),
        post(
            "multipart/form-data; boundary=b",
            b"--b\r\nContent-Disposition: form-data; name=\"data\"\r\n\r\n\xff\xfe\r\n--b--",
        ),
        post(
            "multipart/form-data; boundary=b",
            b"--b\r\nContent-Disposition: form-data\r\n\r\n[",
        ),
    ];
    for body in bodies {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(&body).await.unwrap();
        stream.shutdown().await.unwrap();
        let mut rest = Vec::new();
        let read = stream.read_to_end(&mut rest);
        let _ = tokio::time::timeout(Duration::from_secs(5), read)
            .await
            .unwrap();
    }
    assert_eq!(world.read("/v26.0/456").await.status, 200);
    assert_eq!(world.simulator.inspect().requests.in_flight, 0);
}

#[tokio::test]
async fn a_stop_lets_the_request_under_way_end() {
    let world = world().await;
    world
        .simulator
        .fault(Fault::delay(Target::Users, Duration::from_millis(200)));
    let body = json!({ "payload": { "schema": ["EMAIL"], "data": [[MARY]] } });
    let sent = tokio::spawn(
        world
            .request(Method::POST, "/v26.0/456/users")
            .json(&body)
            .send(),
    );
    while world.simulator.inspect().requests.in_flight == 0 {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    let address = world.simulator.address();
    world.simulator.stop().await;
    assert_eq!(sent.await.unwrap().unwrap().status(), 200);
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn a_start_that_cannot_be_says_why() {
    let first = Simulator::builder().start().await.unwrap();
    let taken = Simulator::builder()
        .listen(first.address().to_string())
        .start()
        .await;
    let Err(error @ StartError::Listen { .. }) = taken else {
        panic!("the port is taken")
    };
    assert!(
        error
            .to_string()
            .starts_with(&format!("cannot listen on {}", first.address()))
    );

    let id = Simulator::builder().dataset("pixel").start().await;
    assert!(matches!(
        id,
        Err(StartError::Id {
            kind: "dataset",
            ..
        })
    ));
    let twice = Simulator::builder()
        .dataset("1")
        .audience("1", "2")
        .start()
        .await;
    assert!(matches!(twice, Err(StartError::Twice(_))));
}
