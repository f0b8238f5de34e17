//! What fails today.

use touchable_tests::FailingCase;

const HERE: &[&str] = &["here"];
const EVERYWHERE: &[&str] = &["sqlite", "postgres", "mariadb"];

const fn fails(case: &'static str, places: &'static [&'static str], says: &'static str) -> FailingCase {
    FailingCase { case, places, says }
}

/// In the order of the kinds of fault.
pub const FAILING: &[FailingCase] = &[
    fails(
        "f_a_queue_is_trimmed_on_a_full_server",
        HERE,
        "a full queue is not trimmed: Err",
    ),
    fails(
        "f_a_consumer_begins_on_a_full_server",
        HERE,
        "no consumer begins: Err",
    ),
    fails(
        "f_a_consumer_goes_on_when_the_server_fills_up",
        HERE,
        "the consumer goes on\n  left: {0, 1, 2, 3, 4}\n",
    ),
    fails("f_a_full_server_gets_free", HERE, "it stays full: handled Err"),
    fails(
        "f_one_stream_name_on_two_servers",
        EVERYWHERE,
        "left: ([1, 2], [])",
    ),
    fails(
        "f_the_order_does_not_decide_about_the_outbox",
        EVERYWHERE,
        "the order decides whether it commits: [true, false]",
    ),
    fails(
        "f_a_drainer_takes_the_rows_of_its_stream",
        &["mariadb"],
        "left: (2, [1, 2])",
    ),
    fails(
        "f_a_commit_after_an_idle_close",
        &["sqlite"],
        "a commit finds the dead connection",
    ),
    fails(
        "f_a_commit_after_a_restart_of_redis",
        &["sqlite"],
        "a commit finds the dead connection",
    ),
    fails(
        "f_a_producer_finds_the_new_primary",
        HERE,
        "is a replica; connect to its primary",
    ),
    fails(
        "f_a_consumer_finds_the_new_primary",
        HERE,
        "is a replica; connect to its primary",
    ),
    fails(
        "f_a_consumer_whose_stream_was_deleted",
        HERE,
        "nobody is told of the gap",
    ),
    fails(
        "f_a_consumer_that_was_never_listed_and_never_ran",
        HERE,
        "nobody is told of the gap",
    ),
    fails(
        "f_a_gap_before_what_others_have_written",
        HERE,
        "nobody is told of the gap",
    ),
    fails(
        "f_a_reader_whose_stream_was_deleted",
        HERE,
        "nobody is told of the gap",
    ),
    fails(
        "f_a_reader_beyond_the_end_of_an_older_snapshot",
        HERE,
        "nobody is told of the gap",
    ),
    fails(
        "f_a_message_that_panics_when_it_is_read_is_put_aside",
        HERE,
        "is handled\n  left: []\n",
    ),
    fails(
        "f_a_reader_outlives_a_message_that_panics_when_it_is_read",
        HERE,
        "the reader has ended without a word",
    ),
    fails(
        "f_the_message_after_one_that_was_removed_by_hand_is_tried",
        HERE,
        "handled [], and 1 dead letters",
    ),
    fails(
        "f_a_delayer_goes_on_to_the_next_shard",
        HERE,
        "the second shard is never delivered",
    ),
    fails(
        "f_a_trimmer_goes_on_to_the_next_shard",
        HERE,
        "the second shard is not trimmed: it has 1 message",
    ),
    fails(
        "f_a_consumer_goes_on_to_the_next_shard",
        HERE,
        "the second shard is not handled",
    ),
    fails(
        "f_an_outbox_of_large_rows_drains_over_a_slow_line",
        &["sqlite"],
        "of 250 rows 250 wait after two rounds",
    ),
    fails(
        "f_large_messages_are_handled_over_a_slow_line",
        HERE,
        "nothing is handled after two rounds",
    ),
    fails(
        "f_counting_a_lag_of_large_messages_holds_nobody_up",
        HERE,
        "one step looks at",
    ),
    fails(
        "f_many_commits_wait_for_one_far_replica_together",
        HERE,
        "of 50 commits at once",
    ),
    fails(
        "f_a_dead_holders_lease_ends_when_the_clock_was_set_back",
        HERE,
        "a lease of 300ms is held for more than 3s",
    ),
    fails(
        "f_a_consumers_pause_ends_when_the_clock_was_set_back",
        HERE,
        "a pause of at most 10ms takes more than 3s",
    ),
    fails(
        "f_a_user_without_dangerous_commands_is_enough",
        HERE,
        "no permissions to run the 'info' command",
    ),
    fails(
        "f_lease_times_that_no_lease_can_have_are_refused",
        HERE,
        "a lease time of 0ns is accepted",
    ),
    fails(
        "f_a_lease_can_be_renewed_for_any_time",
        HERE,
        "overflow when adding duration to instant",
    ),
    fails(
        "f_bulk_takes_its_delay_messages_along",
        HERE,
        "told, and to be told again: 20 delay messages",
    ),
    fails(
        "f_bulk_takes_its_delay_messages_along_shard_by_shard",
        HERE,
        "told, and to be told again: 20 delay messages",
    ),
    fails(
        "f_a_commit_takes_its_delay_messages_along_at_level_4",
        EVERYWHERE,
        "told, and to be told again: 3 delay messages",
    ),
    fails(
        "f_a_save_takes_its_delay_message_along_at_level_3",
        EVERYWHERE,
        "told, and to be told again: 1 delay messages",
    ),
];
