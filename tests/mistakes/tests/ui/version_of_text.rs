use touchable::cache::Versioned;

fn key(record: &impl Versioned) -> touchable::Result<String> {
    record.cache_key()
}

fn main() {
    let _ = key(&"tasks/5");
}
