use hmac::{Hmac, KeyInit as _, Mac as _};
use reqwest::{Client, Method, header::HeaderMap};
use serde_json::json;
use sha2::Sha256;
use simulator::{Builder, Fault, Reply, Simulator, Target};

use crate::support::{DATASET, MARY, TOKEN, World, answer, now, purchase, world, world_of};

#[tokio::test]
async fn the_token_is_taken_from_header_query_and_body() {
    let world = world().await;
    let post = || world.anonymous(Method::POST, "/v26.0/123/events");
    let events = || json!({ "data": [purchase("e", MARY)] });
    let in_query = post().query(&[("access_token", TOKEN)]).json(&events());
    assert_eq!(answer(in_query).await.status, 200);
    let mut body = events();
    body.as_object_mut()
        .unwrap()
        .insert("access_token".to_owned(), json!(TOKEN));
    assert_eq!(answer(post().json(&body)).await.status, 200);
    let data = json!([purchase("e", MARY)]).to_string();
    let form = post().form(&[("data", data.as_str()), ("access_token", TOKEN)]);
    assert_eq!(answer(form).await.status, 200);
}

#[tokio::test]
async fn a_wrong_token_and_none_have_their_codes() {
    let world = world().await;
    let wrong = world
        .anonymous(Method::GET, "/v26.0/456")
        .bearer_auth("another");
    let wrong = answer(wrong).await;
    assert_eq!(wrong.error(), (401, 190, None));
    assert!(wrong.body["error"].get("is_transient").is_none());
    let none = answer(world.anonymous(Method::GET, "/v26.0/456")).await;
    assert_eq!(none.error(), (400, 104, None));
}

#[tokio::test]
async fn a_renewed_token_makes_the_old_one_invalid() {
    let world = world().await;
    world.simulator.set_token("renewed");
    assert_eq!(world.read("/v26.0/456").await.error(), (401, 190, None));
    let renewed = world
        .anonymous(Method::GET, "/v26.0/456")
        .bearer_auth("renewed");
    assert_eq!(answer(renewed).await.status, 200);
    world.simulator.reset();
    assert_eq!(world.read("/v26.0/456").await.status, 200);
}

fn proof(message: &str) -> String {
    let mut hmac = Hmac::<Sha256>::new_from_slice(b"SECRET").unwrap();
    hmac.update(message.as_bytes());
    const_hex::encode(hmac.finalize().into_bytes())
}

#[tokio::test]
async fn with_an_app_secret_every_call_needs_a_right_proof() {
    let simulator = Simulator::builder()
        .token("TOKEN")
        .app_secret(Some("SECRET".to_owned()))
        .audience("456", "act_789")
        .start()
        .await
        .unwrap();
    let world = World {
        simulator,
        client: Client::builder().no_proxy().build().unwrap(),
    };
    let read = async |query: &[(&str, &str)]| {
        let request = world
            .anonymous(Method::GET, "/v26.0/456")
            .bearer_auth("TOKEN");
        answer(request.query(query)).await
    };
    // What Meta's own SDK makes of this token and secret.
    let plain = "9bcde7f1d5e226d86e4692a62e5ec88f99306fb302d74b2dc3bff8a03770b63d";
    assert_eq!(proof("TOKEN"), plain);
    assert_eq!(read(&[("appsecret_proof", plain)]).await.status, 200);
    assert_eq!(read(&[]).await.error(), (400, 100, None));
    assert_eq!(
        read(&[("appsecret_proof", "00")]).await.error(),
        (400, 100, None)
    );
    assert_eq!(
        read(&[("appsecret_proof", "no hex")]).await.error(),
        (400, 100, None)
    );

    let timed = async |seconds: i64| {
        let proof = proof(&format!("TOKEN|{seconds}"));
        let time = seconds.to_string();
        read(&[("appsecret_proof", &proof), ("appsecret_time", &time)])
            .await
            .status
            .as_u16()
    };
    assert_eq!(timed(now()).await, 200);
    assert_eq!(timed(now() - 290).await, 200);
    assert_eq!(timed(now() - 310).await, 400);
    let time = now().to_string();
    let mixed = read(&[("appsecret_proof", plain), ("appsecret_time", &time)]).await;
    assert_eq!(
        mixed.error(),
        (400, 100, None),
        "a plain proof is none for a time"
    );
}

#[tokio::test]
async fn a_proof_that_is_given_has_to_be_right_whether_or_not_one_is_required() {
    let right = proof("TOKEN");
    let status = async |world: &World, proof: Option<&str>| {
        let read = world.anonymous(Method::GET, "/v26.0/456");
        let proof = proof.map(|proof| ("appsecret_proof", proof));
        let read = answer(read.bearer_auth("TOKEN").query(proof.as_slice())).await;
        if read.status != 200 {
            assert_eq!(read.error(), (400, 100, None));
        }
        read.status.as_u16()
    };
    let secret = |builder: Builder| builder.token("TOKEN").app_secret(Some("SECRET".to_owned()));
    for (world, none) in [
        (
            world_of(|builder| secret(builder.proof_required(false))).await,
            200,
        ),
        (
            world_of(|builder| secret(builder).proof_required(true)).await,
            400,
        ),
        (world_of(secret).await, 400),
    ] {
        assert_eq!(status(&world, None).await, none);
        assert_eq!(status(&world, Some(&right)).await, 200);
        for wrong in ["", "00", "no hex", "[]", &right[1..]] {
            assert_eq!(status(&world, Some(wrong)).await, 400, "{wrong}");
        }
    }
    // Whose secret nobody knows, of that no proof can be right.
    let without = world_of(|builder| builder.token("TOKEN")).await;
    assert_eq!(status(&without, None).await, 200);
    assert_eq!(status(&without, Some(&right)).await, 400);
    let list = json!({ "data": [purchase("e", MARY)], "appsecret_proof": [right] });
    let post = without.anonymous(Method::POST, "/v26.0/123/events");
    let post = answer(post.bearer_auth("TOKEN").json(&list)).await;
    assert_eq!(post.error(), (400, 100, None), "a list is a wrong one");
    let without = world_of(|builder| builder.token("TOKEN").proof_required(true)).await;
    assert_eq!(status(&without, None).await, 400);
    assert_eq!(status(&without, Some(&right)).await, 400);
}

#[tokio::test]
async fn an_expired_version_is_refused_for_audiences_before_events() {
    let world = world().await;
    let body = json!({ "data": [purchase("e", MARY)] });
    let post = |path: &str| answer(world.request(Method::POST, path).json(&body));
    assert_eq!(post("/v24.0/123/events").await.status, 200);
    assert_eq!(post("/v20.0/123/events").await.error(), (400, 2635, None));
    assert_eq!(post("/v24.0/456/users").await.error(), (400, 2635, None));
    assert_eq!(world.read("/v24.0/123").await.status, 200);
    for path in ["456", "456/sessions", "act_789", "act_789/customaudiences"] {
        let read = world.read(&format!("/v24.0/{path}")).await;
        assert_eq!(read.error(), (400, 2635, None), "{path}");
    }
    assert_eq!(
        post("/v27.0/123/events").await.headers["facebook-api-version"],
        "v27.0"
    );
    assert_eq!(post("/123/events").await.error(), (400, 2500, None));
    assert_eq!(post("/v26.0/123/horses").await.error(), (400, 2500, None));
}

#[tokio::test]
async fn what_meta_has_ended_or_never_had_is_no_parameter() {
    let world = world().await;
    for query in [
        "pretty=1",
        "debug=all",
        "date_format=U",
        "ids=456,457",
        "fileds=id",
    ] {
        let read = world.read(&format!("/v26.0/456?{query}")).await;
        assert_eq!(read.error(), (400, 100, None), "{query}");
    }
    let body = json!({ "data": [purchase("e", MARY)], "test_event_cod": "TEST1" });
    let post = world.request(Method::POST, "/v26.0/123/events").json(&body);
    assert_eq!(answer(post).await.error(), (400, 100, None));
    let conditional = world
        .request(Method::GET, "/v26.0/456")
        .header("if-none-match", "\"x\"");
    assert_eq!(answer(conditional).await.error(), (400, 100, None));
    assert_eq!(world.simulator.inspect().datasets[DATASET].received, 0);
}

#[tokio::test]
async fn no_token_and_no_identifier_is_ever_shown() {
    let world = world().await;
    let plain = json!({ "schema": ["EMAIL"], "data": [["mary@example.com"]] });
    world.users(Method::POST, plain.clone()).await;
    world.read("/v26.0/mary@example.com/users").await;
    world
        .simulator
        .fault(Fault::lost_answer(Target::Read).holding(MARY).always());
    let platform = Simulator::builder()
        .token(TOKEN)
        .audience("456", "789")
        .platform()
        .unwrap();
    let mut headers = HeaderMap::new();
    headers.insert("authorization", format!("Bearer {TOKEN}").parse().unwrap());
    headers.insert("content-type", "application/json".parse().unwrap());
    let body = json!({ "payload": plain }).to_string();
    let reply = platform
        .answer("POST", "/v26.0/456/users", &headers, body.into())
        .await;
    let Reply::Answer(echo) = &reply else {
        panic!("{reply:?}")
    };
    let bytes = echo.body.clone();
    assert!(
        String::from_utf8(bytes.clone())
            .unwrap()
            .contains("mary@example.com")
    );
    world.send_events(json!([purchase("e", MARY)])).await;
    let report = world
        .control(Method::GET, "inspect?ids=1&members=1", json!({}))
        .await;
    let shown = format!(
        "{:?} {} {:?} {reply:?} {platform:?} {:?}",
        world.simulator,
        report.body,
        world.simulator.inspect(),
        Fault::lost_answer(Target::Read).holding(MARY)
    );
    let as_numbers = format!("{bytes:?}");
    for secret in [TOKEN, MARY, &MARY[..16], "mary@", &as_numbers] {
        assert!(!shown.contains(secret), "{shown}");
    }
}
