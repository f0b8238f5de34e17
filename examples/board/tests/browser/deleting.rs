//! What comes and what goes shows wherever it has to.

use crate::{Node, in_browser};

#[tokio::test(flavor = "multi_thread")]
async fn a_new_task_and_a_deleted_one_show_in_their_event() {
    let node = Node::alone();
    in_browser(async |page| {
        page.open(&node, "/").await;
        page.open(&node, "/events/3").await;
        page.type_in("title", "Press cider").await;
        page.choose("owner", "4").await;
        page.send("/events/3/tasks").await;
        assert_eq!(page.path().await, "/events/3");
        let rendered = page.rendered().await;
        assert_eq!(
            rendered,
            ["events/3 event", "owners/4 owner_badge", "tasks/11 task_card"]
        );
        assert_eq!(page.touches().await, ["events 3 by tasks -> event"]);
        page.open(&node, "/").await;
        assert_eq!(page.rendered().await, ["events/3 event_row"]);

        page.open(&node, "/tasks/8").await;
        page.send("/tasks/8/delete").await;
        assert_eq!(page.path().await, "/events/3");
        assert_eq!(page.rendered().await, ["events/3 event"]);
        assert!(!page.has("[data-fragment='tasks/8 task_card']").await);
        assert_eq!(node.ask("GET /tasks/8", "").await.0, 404);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_goes_with_its_tasks() {
    let node = Node::alone();
    in_browser(async |page| {
        page.open(&node, "/").await;
        page.open(&node, "/events/2").await;
        page.send("/events/2/delete").await;
        assert_eq!(page.path().await, "/");
        assert_eq!(page.hits().await, ["events/1 event_row", "events/3 event_row"]);
        assert_eq!(page.rendered().await, [""; 0]);
        for path in ["/events/2", "/tasks/5"] {
            assert_eq!(node.ask(&format!("GET {path}"), "").await.0, 404, "{path}");
        }
        for event in [1, 3] {
            page.open(&node, &format!("/events/{event}")).await;
            page.send(&format!("/events/{event}/delete")).await;
        }
        assert_eq!(
            page.text(".empty").await,
            "There are no events yet. Create the first below."
        );
        page.type_in("name", "Spring market").await;
        page.type_in("location", "Town hall").await;
        page.send("/events").await;
        assert_eq!(page.text(".event h1").await, "Spring market");
        assert_eq!(page.text(".event .done").await, "no tasks yet");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_owner_leaves_the_cards_of_their_tasks() {
    let node = Node::alone();
    in_browser(async |page| {
        page.open(&node, "/events/1").await;
        page.open(&node, "/events/3").await;
        page.open(&node, "/owners/1").await;
        page.send("/owners/1/delete").await;
        assert_eq!(page.path().await, "/owners");
        assert!(!page.has("[data-fragment='owners/1 owner_row']").await);
        page.open(&node, "/events/1").await;
        let rendered = ["events/1 event", "tasks/1 task_card", "tasks/3 task_card"];
        assert_eq!(page.rendered().await, rendered);
        assert_eq!(
            page.text("[data-fragment='tasks/1 task_card'] .nobody").await,
            "nobody’s yet"
        );
        page.open(&node, "/events/3").await;
        assert_eq!(page.hits().await, ["events/3 event"]);
    })
    .await;
}
