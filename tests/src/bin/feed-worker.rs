//! The process that the feed's tests kill, stop and let go on.

fn main() {
    touchable_tests::feed::work(std::env::args().skip(1));
}
