//! Parts of one run whose headers differ: each is looked at by itself.

use audience_activator::app::Halt;

use crate::arrivals::{events, members};
use crate::stage::Stage;
use crate::stage::people::sha256;

const COLUMNS: &str = "[route.columns]\nid = \"external_id\"\nmail = \"email\"\n";

const FIRST: &str = "id,mail,paid\n1,a@example.com,1\n";

async fn stage() -> Stage {
    let lines = "value = { column = \"paid\" }\ncurrency = \"USD\"";
    let stage = Stage::with(&events(COLUMNS, lines), &[]).await;
    let part = stage.put("run/part-0", FIRST);
    assert_eq!(stage.delivered(&part).await.sent.accepted, 1);
    stage
}

#[tokio::test]
async fn a_later_part_whose_header_does_not_fit_is_refused_and_nothing_of_it_is_sent() {
    let stage = stage().await;
    for (content, expected) in [
        ("id,paid\n2,1\n", "there is no column `mail`"),
        (
            "id,E-Mail,Mail,paid\n2,b@example.com,,1\n",
            "there is no column `mail` (column 3 is nearly so called)",
        ),
        (
            "id,mail,paid,mail\n2,b@example.com,1,c@example.com\n",
            "`mail` is the name of columns 2, 4: rename all but one",
        ),
        (
            "col0,col1,col2\n2,b@example.com,1\n",
            "its names look generated (col0, col1, …)",
        ),
        (
            "2,b@example.com,1\n3,c@example.com,1\n",
            "its cells look like data: write the file with a header",
        ),
        (
            "id,mail\n2,b@example.com\n",
            "the header has no column \"paid\", which the route's conversions.value names",
        ),
        (
            "id,mail,paid,paid\n2,b@example.com,1,2\n",
            "several columns of the header are called \"paid\", which the route's conversions.value names",
        ),
    ] {
        let part = stage.put("run/part-1", content);
        let halt = stage.deliver(&part).await.unwrap_err();
        assert!(matches!(halt, Halt::Refused(_)), "{halt}");
        assert!(halt.to_string().contains(expected), "{halt}");
        assert!(!halt.to_string().contains("example.com"), "{halt}");
        let receipt = stage.receipt(&part).await.unwrap();
        let reason = receipt.status.reason().unwrap();
        assert_eq!(reason.as_str(), "header_does_not_fit");
        assert_eq!(receipt.rows.sent, 0);
    }
    assert_eq!(stage.requests(), 1, "only the first part was sent");
}

#[tokio::test]
async fn a_later_part_may_have_its_columns_in_another_order_and_more_of_them() {
    let stage = stage().await;
    let part = stage.put(
        "run/part-1",
        "paid,new,mail,id\n2,x,b@example.com,2\n3,y,c@example.com,3\n",
    );
    let receipt = stage.delivered(&part).await;
    assert_eq!((receipt.sent.accepted, receipt.rows.rejected), (2, 0));
    for (key, value) in [("em", "b@example.com"), ("external_id", "3")] {
        let arrived = stage.simulator.events_bearing("1001", key, &sha256(value));
        assert_eq!(arrived, 1, "{key}");
    }
}

#[tokio::test]
async fn the_sample_gate_judges_each_part_by_itself() {
    let stage = Stage::with(&members(COLUMNS), &[]).await;
    // The identifiers of the second part have changed places.
    let good = stage.put("run/part-0", "id,mail\n1,a@example.com\n2,b@example.com\n");
    assert_eq!(stage.delivered(&good).await.sent.accepted, 2);
    let bad = stage.put("run/part-1", "id,mail\n,c\n,d\n,e@example.com\n");
    let halt = stage.deliver(&bad).await.unwrap_err();
    assert!(halt.to_string().contains("2 of the first 3 rows"), "{halt}");
    let receipt = stage.receipt(&bad).await.unwrap();
    assert_eq!(receipt.status.name(), "blocked");
    assert_eq!((receipt.rows.withheld, receipt.rows.sent), (1, 0));
    assert_eq!(stage.requests(), 1);
}
