//! `preflight`, by the built program.

use audience_activator::app::preflight::Check;
use serde_json::Value;
use simulator::{AudienceChange, Changes, Simulator};
use tempfile::TempDir;

use crate::stage::program::program;
use crate::stage::{ACCOUNT, AUDIENCE, DATASET, ROUTES, TOKEN};

struct World {
    simulator: Simulator,
    directory: TempDir,
}

struct Ended {
    code: Option<i32>,
    said: String,
    complained: String,
}

impl World {
    async fn new() -> World {
        let builder = Simulator::builder().token(TOKEN).dataset(DATASET);
        let builder = builder.audience(AUDIENCE, ACCOUNT);
        World {
            simulator: builder.start().await.unwrap(),
            directory: tempfile::tempdir().unwrap(),
        }
    }

    async fn preflight(&self, endpoint: &str, arguments: &[&str]) -> Ended {
        self.preflight_of(ROUTES, endpoint, arguments).await
    }

    async fn preflight_of(&self, routes: &str, endpoint: &str, arguments: &[&str]) -> Ended {
        let config = format!(
            "[state]\nlocation = {:?}\n[meta]\nendpoint = \"{endpoint}\"\n{routes}",
            self.directory.path().to_str().unwrap()
        );
        let mut command = program();
        command
            .arg("preflight")
            .args(arguments)
            .env("ACTIVATOR_CONFIG", config)
            .env("META_TOKEN", TOKEN)
            // Nothing of AWS is there to be asked.
            .env("AWS_ENDPOINT_URL", "http://127.0.0.1:9");
        let output = tokio::task::spawn_blocking(move || command.output().unwrap());
        let output = output.await.unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        let ended = Ended {
            code: output.status.code(),
            said: text(output.stdout),
            complained: text(output.stderr),
        };
        assert!(!ended.said.contains(TOKEN) && !ended.complained.contains(TOKEN));
        ended
    }
}

#[tokio::test]
async fn the_list_says_of_each_route_what_is_in_order() {
    let world = World::new().await;
    let ended = world.preflight(&world.simulator.endpoint(), &[]).await;
    assert_eq!(ended.code, Some(0), "{}{}", ended.said, ended.complained);
    for line in [
        "queue and state",
        "  ok      state        the state can be read",
        "route buyers (conversions)",
        "  ok      secret       env:META_TOKEN holds a token alone",
        "  ok      token        Meta accepts the token (when it expires is not known: see where it was made)",
        "  ok      dataset      dataset 1001 can be reached",
        "route members (custom audience)",
        "  ok      status       it can be written to (410)",
        "  ok      terms        the customer list terms of act_3003 are accepted",
    ] {
        assert!(
            ended.said.lines().any(|said| said == line),
            "{}",
            ended.said
        );
    }
    let requests = world.simulator.inspect().requests;
    assert_eq!(requests.total, 3);
}

#[tokio::test]
async fn what_has_failed_ends_with_4_and_what_could_not_be_asked_with_1() {
    let world = World::new().await;
    let flagged = AudienceChange {
        flagged: Some(true),
        ..AudienceChange::default()
    };
    let change = Changes::audience(AUDIENCE, flagged);
    world.simulator.change(change).unwrap();
    let endpoint = world.simulator.endpoint();
    let ended = world.preflight(&endpoint, &["--json"]).await;
    assert_eq!(ended.code, Some(4), "{}", ended.complained);
    let told: Value = serde_json::from_str(&ended.said).unwrap();
    assert_eq!(told["result"], "failed");
    assert_eq!(told["checks"][0]["check"], Check::State.name());
    assert_eq!(told["routes"][0]["route"], "buyers");
    assert_eq!(told["routes"][0]["result"], "ok");
    assert_eq!(told["routes"][1]["result"], "failed");
    let checks = told["routes"][1]["checks"].as_array().unwrap();
    let failed = checks.iter().find(|one| one["result"] == "failed").unwrap();
    assert_eq!(failed["check"], "status");
    assert!(failed["sentence"].as_str().unwrap().contains("flagged"));

    let one = world.preflight(&endpoint, &["--route", "buyers"]).await;
    assert_eq!(one.code, Some(0));
    assert!(!one.said.contains("members") && !one.said.contains("state"));
    let text = world.preflight(&endpoint, &["--route", "members"]).await;
    assert!(
        text.said.contains("  FAILED  status       "),
        "{}",
        text.said
    );
    assert_eq!(text.code, Some(4));

    let nobody = world.preflight("http://127.0.0.1:9", &[]).await;
    assert_eq!(nobody.code, Some(1), "{}", nobody.said);
    assert!(nobody.said.contains("  unknown token "), "{}", nobody.said);

    let unknown = world.preflight(&endpoint, &["--route", "nobody"]).await;
    assert_eq!(unknown.code, Some(2));
    assert!(unknown.complained.contains("no route \"nobody\""));
}

#[tokio::test]
async fn create_makes_each_audience_once_whatever_the_list_shows() {
    let route = |name: &str| {
        format!(
            "[[route]]\nname = \"{name}\"\nprefix = \"{name}/\"\ncredentials = \"env:META_TOKEN\"\n\
             columns = \"auto\"\n[route.custom_audience]\nad_account = \"act_3003\"\n\
             audience_name = \"Loyal\"\nmode = \"add\"\ncreate = true\n\
             customer_file_source = \"USER_PROVIDED_ONLY\"\n"
        )
    };
    let routes = route("one") + &route("two");
    let world = World::new().await;
    let endpoint = world.simulator.endpoint();
    let looked = world.preflight_of(&routes, &endpoint, &[]).await;
    assert_eq!(looked.code, Some(4));
    let advice = "make it by audience-activator preflight --create";
    assert!(looked.said.contains(advice), "{}", looked.said);
    assert_eq!(world.simulator.inspect().audiences.len(), 1);

    // Two routes mean the same audience, and it is made for the first.
    let made = world.preflight_of(&routes, &endpoint, &["--create"]).await;
    assert_eq!(made.code, Some(0), "{}{}", made.said, made.complained);
    assert_eq!(made.said.matches("was made and is audience").count(), 1);
    assert_eq!(made.said.matches("\"Loyal\" is audience").count(), 1);
    assert_eq!(world.simulator.inspect().audiences.len(), 2);

    let again = world.preflight_of(&routes, &endpoint, &["--create"]).await;
    assert_eq!(again.code, Some(0));
    assert_eq!(again.said.matches("\"Loyal\" is audience").count(), 2);
    assert_eq!(world.simulator.inspect().audiences.len(), 2);
}
