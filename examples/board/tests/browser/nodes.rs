//! Several nodes on one database and one Redis.

use crate::{
    Node, Page,
    databases::{Own, server},
    in_browser,
};

/// What is shown, times of rendering included, without the badges of the view.
async fn shown(page: &Page) -> String {
    let script = "const copy = document.querySelector('.fragment').cloneNode(true);
        copy.querySelectorAll('.badge').forEach(badge => badge.remove());
        return copy.outerHTML";
    page.run(script).await.as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_node_shows_the_same_after_a_touch_and_hits_what_the_first_has_rendered() {
    let database = Own::postgres().await;
    let redis = server("TOUCHABLE_REDIS_URL");
    let arguments = ["--database", database.url.as_str(), "--redis", redis.as_str()];
    let (one, other) = (Node::start(&arguments), Node::start(&arguments));
    in_browser(async |page| {
        page.open(&one, "/events/1").await;
        assert_eq!(page.hits().await, [""; 0]);
        let first = shown(page).await;
        page.open(&other, "/events/1").await;
        assert_eq!(page.rendered().await, [""; 0]);
        assert_eq!(shown(page).await, first);

        page.open(&one, "/events/1").await;
        page.type_in("name", "Winter fair").await;
        page.send("/events/1").await;
        assert_eq!(page.rendered().await.len(), 5);
        let second = shown(page).await;
        assert_ne!(second, first);
        page.open(&other, "/events/1").await;
        assert_eq!(page.hits().await, ["events/1 event"]);
        assert_eq!(shown(page).await, second);

        // And the other way round; what the other node has not touched, it takes from the first.
        page.type_in("location", "Old pier").await;
        page.send("/events/1").await;
        assert_eq!(page.rendered().await, ["events/1 event"]);
        assert_eq!(page.hits().await.len(), 4);
        let third = shown(page).await;
        page.open(&one, "/events/1").await;
        assert_eq!(page.rendered().await, [""; 0]);
        assert_eq!(shown(page).await, third);
    })
    .await;
    drop((one, other));
    database.close().await;
}
