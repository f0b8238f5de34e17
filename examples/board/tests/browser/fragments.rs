//! A save renders exactly the fragments that show what it has changed.

use crate::{Node, Page, databases::Own, in_browser};

/// Looks at every page that shows events, so that all is in the cache.
async fn look_around(page: &Page, node: &Node) {
    for path in ["/", "/owners", "/events/1", "/events/2", "/events/3"] {
        page.open(node, path).await;
    }
}

async fn expect_all_hits(page: &Page, node: &Node, paths: &[&str]) {
    for path in paths {
        page.open(node, path).await;
        assert_eq!(page.rendered().await, [""; 0], "{path}");
        assert!(!page.hits().await.is_empty(), "{path}");
    }
}

async fn rename_and_relocate(node: &Node) {
    in_browser(async |page| {
        look_around(page, node).await;
        page.open(node, "/events/1").await;
        assert_eq!(page.hits().await, ["events/1 event"]);

        page.type_in("location", "Old pier").await;
        page.send("/events/1").await;
        assert_eq!(page.rendered().await, ["events/1 event"]);
        let cards = [
            "tasks/1 task_card",
            "tasks/2 task_card",
            "tasks/3 task_card",
            "tasks/4 task_card",
        ];
        assert_eq!(page.hits().await, cards);
        assert_eq!(page.text(".event > .place").await, "Old pier");
        assert_eq!(page.touches().await, [""; 0]);

        page.type_in("name", "Winter fair").await;
        page.send("/events/1").await;
        let rendered = page.rendered().await;
        assert_eq!(rendered[0], "events/1 event");
        assert_eq!(rendered[1..], cards);
        assert_eq!(
            page.hits().await,
            ["owners/1 owner_badge", "owners/2 owner_badge"]
        );
        assert_eq!(
            page.text("[data-fragment='tasks/2 task_card'] .of").await,
            "Winter fair"
        );
        assert_eq!(page.touches().await, ["tasks 1, 2, 3, 4 by events -> tasks"]);

        page.open(node, "/").await;
        assert_eq!(page.rendered().await, ["events/1 event_row"]);
        assert_eq!(page.hits().await, ["events/2 event_row", "events/3 event_row"]);
        expect_all_hits(page, node, &["/events/1", "/events/2", "/events/3", "/owners"]).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_location_renders_the_event_and_a_name_its_cards_too_on_sqlite() {
    rename_and_relocate(&Node::alone()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_location_renders_the_event_and_a_name_its_cards_too_on_postgres() {
    let database = Own::postgres().await;
    rename_and_relocate(&Node::start(&["--database", &database.url])).await;
    database.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_location_renders_the_event_and_a_name_its_cards_too_on_mariadb() {
    let database = Own::mysql().await;
    rename_and_relocate(&Node::start(&["--database", &database.url])).await;
    database.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn badges_are_of_this_view_although_they_stand_inside_cached_fragments() {
    let node = Node::alone();
    in_browser(async |page| {
        let fragments = ["events/1 event", "tasks/1 task_card", "owners/1 owner_badge"];
        let badges = async || {
            let [event, card, owner] = fragments;
            [
                page.badge(event).await,
                page.badge(card).await,
                page.badge(owner).await,
            ]
        };
        page.open(&node, "/events/1").await;
        assert_eq!(badges().await, ["miss", "miss", "miss"]);
        page.open(&node, "/events/1").await;
        assert_eq!(badges().await, ["hit", "inside", "inside"]);
        page.type_in("location", "Old pier").await;
        page.send("/events/1").await;
        assert_eq!(badges().await, ["miss", "hit", "inside"]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_owners_name_renders_the_cards_of_their_tasks_and_the_events_around_them() {
    let node = Node::alone();
    in_browser(async |page| {
        look_around(page, &node).await;
        page.open(&node, "/owners/1").await;
        page.type_in("name", "Ada Lovelace").await;
        page.send("/owners/1").await;
        assert_eq!(
            page.touches().await,
            [
                "events 1, 2 by owners -> OwnerToEvents",
                "tasks 1, 3, 6 by owners -> tasks",
            ]
        );
        page.open(&node, "/events/1").await;
        let rendered = [
            "events/1 event",
            "owners/1 owner_badge",
            "tasks/1 task_card",
            "tasks/3 task_card",
        ];
        assert_eq!(page.rendered().await, rendered);
        assert_eq!(page.hits().await, ["tasks/2 task_card", "tasks/4 task_card"]);
        assert_eq!(
            page.text("[data-fragment='tasks/3 task_card'] .who").await,
            "Ada Lovelace"
        );
        page.open(&node, "/events/2").await;
        assert_eq!(page.rendered().await, ["events/2 event", "tasks/6 task_card"]);
        expect_all_hits(page, &node, &["/events/3"]).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_owners_time_zone_renders_nothing_of_any_event() {
    let node = Node::alone();
    in_browser(async |page| {
        look_around(page, &node).await;
        page.open(&node, "/owners/1").await;
        page.type_in("time_zone", "Pacific/Auckland").await;
        page.send("/owners/1").await;
        assert_eq!(page.rendered().await, ["owners/1 owner_row"]);
        assert!(page.has("#nobody").await);
        expect_all_hits(page, &node, &["/", "/events/1", "/events/2", "/events/3"]).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tasks_title_renders_its_card_and_its_note_does_not_render_the_event() {
    let node = Node::alone();
    in_browser(async |page| {
        look_around(page, &node).await;
        page.open(&node, "/tasks/2").await;
        page.type_in("note", "Two crates\nat least").await;
        page.send("/tasks/2").await;
        assert_eq!(page.value("note").await, "Two crates\nat least");
        assert!(page.has("#nobody").await);
        expect_all_hits(page, &node, &["/events/1", "/"]).await;

        page.open(&node, "/tasks/2").await;
        page.type_in("title", "Order cider").await;
        page.send("/tasks/2").await;
        assert_eq!(page.touches().await, ["events 1 by tasks -> event"]);
        page.open(&node, "/events/1").await;
        assert_eq!(page.rendered().await, ["events/1 event"]);
        assert_eq!(
            page.text("[data-fragment='tasks/2 task_card'] h2").await,
            "Order cider"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_values_again_render_nothing() {
    let node = Node::alone();
    in_browser(async |page| {
        look_around(page, &node).await;
        for (path, field) in [
            ("/events/1", "name"),
            ("/owners/1", "name"),
            ("/tasks/1", "title"),
        ] {
            page.open(&node, path).await;
            page.open(&node, path).await;
            let typed = page.value(field).await;
            page.type_in(field, &typed).await;
            page.send(path).await;
            assert!(page.has("#unchanged").await, "{path}");
            assert_eq!(page.rendered().await, [""; 0], "{path}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_that_moves_renders_both_events() {
    let node = Node::alone();
    in_browser(async |page| {
        look_around(page, &node).await;
        page.open(&node, "/tasks/1").await;
        page.choose("event", "3").await;
        page.send("/tasks/1").await;
        assert_eq!(page.touches().await, ["events 1, 3 by tasks -> event"]);
        page.open(&node, "/events/1").await;
        assert_eq!(page.rendered().await, ["events/1 event"]);
        assert!(!page.has("[data-fragment='tasks/1 task_card']").await);
        page.open(&node, "/events/3").await;
        assert_eq!(page.rendered().await, ["events/3 event"]);
        assert_eq!(
            page.text("[data-fragment='tasks/1 task_card'] .of").await,
            "Harvest supper"
        );
        expect_all_hits(page, &node, &["/events/2"]).await;
    })
    .await;
}
