//! What cannot be saved is answered with a message, and nothing that was typed is lost.

use crate::{Node, in_browser};

#[tokio::test(flavor = "multi_thread")]
async fn blank_names_are_refused_everywhere_and_what_stands_beside_them_stays() {
    let node = Node::alone();
    in_browser(async |page| {
        for (path, action, blank, beside) in [
            ("/", "/events", "name", "location"),
            ("/events/1", "/events/1", "name", "location"),
            ("/owners", "/owners", "name", "time_zone"),
            ("/owners/1", "/owners/1", "time_zone", "name"),
            ("/tasks/1", "/tasks/1", "title", "note"),
        ] {
            page.open(&node, path).await;
            page.type_in(blank, "   ").await;
            page.type_in(beside, "what stands beside it").await;
            page.send(action).await;
            let problem = page.text(&format!("#{blank}-problem")).await;
            assert_eq!(
                problem, "Nothing was typed here; type at least one letter.",
                "{action}"
            );
            assert_eq!(
                page.text("[role=alert]").await,
                "Nothing was saved: one field needs another look."
            );
            assert_eq!(page.value(blank).await, "   ", "{action}");
            assert_eq!(page.value(beside).await, "what stands beside it", "{action}");
            assert!(!page.has(".touches, #nobody, #unchanged").await, "{action}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_characters_are_refused_and_all_of_them_are_still_there() {
    let node = Node::alone();
    in_browser(async |page| {
        let long = "Summer fair ".repeat(833) + "äöü!";
        page.open(&node, "/events/1").await;
        page.type_in("name", "Autumn fair").await;
        // Ten thousand keys take a while; a paste does not.
        page.run(&format!("document.querySelector('#location').value = {long:?}"))
            .await;
        page.send("/events/1").await;
        let problem = page.text("#location-problem").await;
        assert_eq!(problem, "That is 10000 characters long; 100 are the most.");
        assert_eq!(page.value("location").await, long);
        assert_eq!(page.value("name").await, "Autumn fair");
        page.open(&node, "/events/1").await;
        assert_eq!(page.text(".event h1").await, "Summer fair");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn markup_is_text_wherever_it_is_shown() {
    let node = Node::alone();
    in_browser(async |page| {
        let markup = "<script>window.ran=1</script><!--badge events/1 event--><b>&amp;\"'";
        page.open(&node, "/events/1").await;
        page.type_in("name", markup).await;
        page.send("/events/1").await;
        assert_eq!(page.text(".event h1").await, markup);
        assert_eq!(page.text("[data-fragment='tasks/1 task_card'] .of").await, markup);
        let shortened = format!("{}…", &markup[..60]);
        assert_eq!(page.text("#save ins").await, shortened);
        assert_eq!(page.value("name").await, markup);
        page.open(&node, "/tasks/1").await;
        page.type_in("note", &format!("</textarea>{markup}")).await;
        page.send("/tasks/1").await;
        assert_eq!(page.value("note").await, format!("</textarea>{markup}"));
        for path in ["/", "/events/1", "/tasks/1"] {
            page.open(&node, path).await;
            assert!(page.run("return window.ran").await.is_null(), "{path}");
            assert!(!page.has("main script, main b").await, "{path}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_browser_sends_is_answered_too() {
    let node = Node::alone();
    for (body, status) in [
        ("", 422),
        ("name=a%00b&location=c", 422),
        ("name=%ff%fe&location=c", 303),
        ("name=%E2%80%AE&location=%F0%9F%8E%AA", 303),
        ("name=a&name=b", 400),
        ("other=1&name=Fair&location=here", 303),
    ] {
        let (answered, text) = node.ask("POST /events", body).await;
        assert!(
            answered == status || (status == 400 && answered == 422),
            "{body:?}: {text}"
        );
    }
    let (status, text) = node.ask("POST /tasks/1", "title=a&event=99&owner=nobody").await;
    assert_eq!(status, 422);
    assert_eq!(
        text.matches("That is not there any more; choose another.")
            .count(),
        2,
        "{text}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_addresses_are_a_page_that_says_so() {
    let node = Node::alone();
    for request in [
        "GET /events/99",
        "GET /tasks/99",
        "GET /owners/99",
        "GET /events/0",
        "GET /events/-1",
        "GET /events/99999999999",
        "GET /events/one",
        "GET /nothing",
        "POST /events/99",
        "POST /events/99/tasks",
        "POST /tasks/99",
        "POST /owners/99",
        "POST /events/99/delete",
        "POST /tasks/99/delete",
        "POST /owners/99/delete",
    ] {
        let (status, text) = node.ask(request, "name=a&location=b&title=c").await;
        assert_eq!(status, 404, "{request}");
        assert!(text.contains("<h1>Nothing here</h1>"), "{request}: {text}");
    }
    in_browser(async |page| {
        page.open(&node, "/events/99").await;
        assert_eq!(page.text("h1").await, "Nothing here");
        page.leaving(async || page.find("main a").await.click().await.unwrap())
            .await;
        assert_eq!(page.path().await, "/");
    })
    .await;
}
