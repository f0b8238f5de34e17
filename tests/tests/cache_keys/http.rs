//! Conditional requests, by the rules of RFC 9110.

use http::{HeaderMap, Response, StatusCode, header};
use sea_orm::{ActiveModelTrait, EntityTrait, Set, TryIntoModel};
use touchable::{
    Clock, Stamp,
    cache::{Versioned, VersionedSelect},
    http::{Validators, fresh_when},
};
use touchable_tests::{
    World, at,
    entities::board::{self, task::Entity, task::Model},
    on_every_backend,
};

/// A task saved 0.25 seconds after 14 November 2023, 22:13:20.
fn task() -> Model {
    let task = board::task(5, None, None).try_into_model().unwrap();
    Model {
        updated_at: at(250_001),
        ..task
    }
}

const THE_SECOND_AFTER: &str = "Tue, 14 Nov 2023 22:13:21 GMT";

fn headers(fields: &[(header::HeaderName, &str)]) -> HeaderMap {
    let fields = fields
        .iter()
        .map(|(name, value)| (name.clone(), value.parse().unwrap()));
    let mut headers = HeaderMap::new();
    for (name, value) in fields {
        headers.append(name, value);
    }
    headers
}

fn etag(record: &impl Versioned) -> String {
    let fresh = fresh_when(record, &HeaderMap::new()).unwrap();
    fresh.headers()[header::ETAG].to_str().unwrap().to_owned()
}

fn is_fresh(fields: &[(header::HeaderName, &str)]) -> bool {
    fresh_when(&task(), &headers(fields)).unwrap().is_fresh()
}

#[test]
fn b19_a_first_request_is_answered_in_full() {
    let freshness = fresh_when(&task(), &HeaderMap::new()).unwrap();
    assert!(!freshness.is_fresh());
    assert_eq!(freshness.headers()[header::LAST_MODIFIED], THE_SECOND_AFTER);
    let page = freshness.respond(|| Response::new("page"));
    assert_eq!((page.status(), *page.body()), (StatusCode::OK, "page"));
    assert!(page.headers()[header::ETAG].to_str().unwrap().starts_with("W/\""));
}

#[test]
fn b19_the_same_tag_is_not_modified() {
    let headers = headers(&[(header::IF_NONE_MATCH, &etag(&task()))]);
    let answer = fresh_when(&task(), &headers)
        .unwrap()
        .respond::<&str>(|| unreachable!("rendered"));
    assert_eq!((answer.status(), *answer.body()), (StatusCode::NOT_MODIFIED, ""));
    assert_eq!(answer.headers()[header::ETAG], headers[header::IF_NONE_MATCH]);
    assert_eq!(answer.headers()[header::LAST_MODIFIED], THE_SECOND_AFTER);
}

#[test]
fn b19_a_touch_makes_another_tag() {
    let mut touched = task();
    touched.updated_at = at(250_002);
    let headers = headers(&[(header::IF_NONE_MATCH, &etag(&task()))]);
    assert!(!fresh_when(&touched, &headers).unwrap().is_fresh());
}

#[test]
fn b19_if_none_match_decides_over_if_modified_since() {
    let since = (header::IF_MODIFIED_SINCE, THE_SECOND_AFTER);
    let tag = etag(&task());
    assert!(is_fresh(std::slice::from_ref(&since)));
    assert!(!is_fresh(&[since.clone(), (header::IF_NONE_MATCH, "\"other\"")]));
    assert!(!is_fresh(&[since.clone(), (header::IF_NONE_MATCH, "no tag")]));
    let before = (header::IF_MODIFIED_SINCE, "Tue, 14 Nov 2023 22:13:19 GMT");
    assert!(is_fresh(&[before, (header::IF_NONE_MATCH, &tag)]));
    assert!(is_fresh(&[(header::IF_NONE_MATCH, "*")]));
    let list = format!("\"other\", {tag}");
    assert!(is_fresh(&[(header::IF_NONE_MATCH, &list)]));
}

#[test]
fn b19_dates() {
    let since = |date| is_fresh(&[(header::IF_MODIFIED_SINCE, date)]);
    for fresh in [
        THE_SECOND_AFTER,
        "Tue, 14 Nov 2023 22:13:22 GMT",
        // The two older formats.
        "Tuesday, 14-Nov-23 22:13:21 GMT",
        "Tue Nov 14 22:13:21 2023",
    ] {
        assert!(since(fresh), "{fresh}");
    }
    for modified in [
        "Tue, 14 Nov 2023 22:13:20 GMT",
        "Mon, 01 Jan 1900 00:00:00 GMT",
        "Fri, 31 Dec 9999 23:59:59 GMT",
        "2023-11-14T22:13:22Z",
        "tomorrow",
        "",
    ] {
        assert!(!since(modified), "{modified}");
    }
    let twice = (header::IF_MODIFIED_SINCE, THE_SECOND_AFTER);
    assert!(!is_fresh(&[twice.clone(), twice]));
}

/// Both saves of one second carry one date; a client that came between them must not be told that nothing happened.
#[tokio::test]
async fn b19_a_second_that_is_not_over_is_no_validator() {
    let record = task();
    let saved = record.touched_at().unwrap().as_micros();
    let clock = Clock::manual(Stamp::from_micros(saved + 1));
    clock
        .clone()
        .scope(async move {
            let first = fresh_when(&record, &HeaderMap::new()).unwrap();
            let date = first.headers()[header::LAST_MODIFIED].clone();
            assert_eq!(date, "Tue, 14 Nov 2023 22:13:20 GMT");
            let mut again = HeaderMap::new();
            again.insert(header::IF_MODIFIED_SINCE, date);
            assert!(!fresh_when(&record, &again).unwrap().is_fresh());
            clock.advance(std::time::Duration::from_secs(1));
            assert!(!fresh_when(&record, &again).unwrap().is_fresh());
            let later = fresh_when(&record, &HeaderMap::new()).unwrap();
            assert_eq!(later.headers()[header::LAST_MODIFIED], THE_SECOND_AFTER);
        })
        .await;
}

#[test]
fn b19_what_else_a_page_shows_belongs_to_its_tag() {
    let task = task();
    let of = |user: &str| Validators::of(&task).unwrap().and(&("user", user)).unwrap();
    let tag = |validators: &Validators| validators.headers()[header::ETAG].clone();
    assert_ne!(tag(&of("ada")), tag(&of("bob")));
    assert_ne!(tag(&of("ada")), tag(&Validators::of(&task).unwrap()));
    let mut request = HeaderMap::new();
    request.insert(header::IF_NONE_MATCH, tag(&of("ada")));
    assert!(of("ada").check(&request).is_fresh());
    assert!(!of("bob").check(&request).is_fresh());
    // A date cannot tell users apart.
    assert!(!of("ada").headers().contains_key(header::LAST_MODIFIED));
    let since = headers(&[(header::IF_MODIFIED_SINCE, THE_SECOND_AFTER)]);
    assert!(!of("ada").check(&since).is_fresh());
}

#[test]
fn b19_several_records_have_a_tag_and_no_date() {
    let freshness = fresh_when(&vec![task()], &HeaderMap::new()).unwrap();
    assert!(freshness.headers().contains_key(header::ETAG));
    assert!(!freshness.headers().contains_key(header::LAST_MODIFIED));
    let unsaved = board::task(1, None, None);
    assert!(
        fresh_when(&unsaved, &HeaderMap::new())
            .unwrap_err()
            .is_no_version()
    );
}

async fn b19_a_page_of_a_query(world: &World) {
    board::populate(world).await;
    let all = Entity::find().order_by_id_asc();
    let list = async || all.cache_version(&world.db).await.unwrap().of("tasks");
    let mut request = HeaderMap::new();
    request.insert(header::IF_NONE_MATCH, etag(&list().await).parse().unwrap());
    assert!(fresh_when(&list().await, &request).unwrap().is_fresh());
    let mut task = world.active::<Entity>(6).await;
    task.title = Set("new".to_owned());
    task.update(&world.db).await.unwrap();
    assert!(!fresh_when(&list().await, &request).unwrap().is_fresh());
}

on_every_backend!(board: b19_a_page_of_a_query);
