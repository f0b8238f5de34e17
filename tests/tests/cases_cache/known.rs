//! What fails today.

use touchable_tests::FailingCase;

const fn here(case: &'static str, says: &'static str) -> FailingCase {
    FailingCase {
        case,
        places: &["here"],
        says,
    }
}

/// In the order of the kinds of fault.
pub const FAILING: &[FailingCase] = &[
    here(
        "k15_a_held_fetch_holds_nobody_up",
        "it waits for a fetch that only its own task could poll",
    ),
    here(
        "k15_a_held_scoped_fetch_holds_no_spawned_one_up",
        "it waits for a fetch that only its own task could poll",
    ),
    here(
        "k15_a_buffered_stream_whose_body_fetches_one_of_its_keys",
        "it waits for a fetch that only its own task could poll",
    ),
    here(
        "k15_a_held_fragment_holds_nobody_up",
        "it waits for a fetch that only its own task could poll",
    ),
    here(
        "k15_a_store_can_be_made_while_redis_is_down",
        "no store while Redis is down",
    ),
    here(
        "k15_an_entity_tag_that_a_proxy_has_marked_is_the_pages",
        "a page compressed by gzip is sent again",
    ),
    here(
        "c_a_store_that_is_down_holds_no_miss_up",
        "a caller waited for 5 s",
    ),
    here(
        "c_a_store_that_is_full_holds_no_miss_up",
        "a caller waited for 5 s",
    ),
    here(
        "c_a_scoped_caller_that_goes_away_takes_its_lock_along",
        "a caller waited for 5 s",
    ),
    here(
        "c_a_renderer_that_goes_away_takes_its_lock_along",
        "a caller waited for 5 s",
    ),
    here(
        "c_an_old_value_is_served_at_once_while_another_process_loads",
        "a caller waited for 2 s",
    ),
    here(
        "c_a_long_prefix_takes_along_the_keys_that_were_cut",
        "deleted 0, left 2, and said nothing",
    ),
    here(
        "c_a_prefix_that_is_cut_itself_takes_along_its_keys",
        "deleted 0, left 2, and said nothing",
    ),
    here(
        "c_a_cyrillic_prefix_takes_along_its_keys",
        "deleted 0, left 2, and said nothing",
    ),
    here(
        "c_clearing_a_cache_leaves_the_feed_of_the_same_namespace",
        "the cache has cleared the feed: 0 messages are left",
    ),
    here(
        "c_clearing_a_cache_leaves_the_leases_of_the_same_namespace",
        "held under token 1, and granted again under Some(1)",
    ),
    here(
        "c_a_deletion_by_another_cache_of_one_memory_wins",
        "stored after its deletion",
    ),
    here(
        "c_a_deletion_by_another_cache_of_one_redis_wins",
        "stored after its deletion",
    ),
    here(
        "c_many_threads_keep_a_memory_within_its_bound",
        "% of its bound, and says 118 %",
    ),
    here(
        "c_forced_loads_of_one_key_cost_in_proportion",
        "four times the forced loads cost",
    ),
    here("c_a_rendered_404_has_no_validators", "a 404 Not Found has etag"),
    here("c_a_304_has_the_pages_fields", "a 304 without the page's vary"),
];
