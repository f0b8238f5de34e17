//! The process that the crash tests kill.

fn main() {
    touchable_tests::crash::write(std::env::args().skip(1));
}
