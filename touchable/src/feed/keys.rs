//! Where a stream lies in Redis: every key of a shard in one slot.

use crate::redis::escaped;

/// The keys of one shard.
#[derive(Clone, Debug)]
pub(super) struct Keys {
    /// `touchable:{users}` or `touchable:{users/3}`: the braces are the hash tag.
    pub(super) prefix: String,
    pub(super) queue: String,
    pub(super) delay: String,
    pub(super) dead: String,
    /// The highest id that was trimmed away.
    pub(super) trimmed: String,
    /// A mark that is gone when the data is.
    pub(super) born: String,
}

impl Keys {
    pub(super) fn new(namespace: &str, stream: &str, shard: Option<usize>) -> Self {
        let (namespace, stream) = (escaped(namespace), escaped(stream));
        let prefix = match shard {
            None => format!("{namespace}:{{{stream}}}"),
            Some(shard) => format!("{namespace}:{{{stream}/{shard}}}"),
        };
        let key = |kind: &str| format!("{prefix}:{kind}");
        Self {
            queue: key("queue"),
            delay: key("delay"),
            dead: key("dead"),
            trimmed: key("trimmed"),
            born: key("born"),
            prefix,
        }
    }

    /// The id of the last message that a consumer is done with.
    pub(super) fn offset(&self, consumer: &str) -> String {
        format!("{}:offset:{}", self.prefix, escaped(consumer))
    }

    /// What went wrong for a consumer at its offset.
    pub(super) fn trouble(&self, consumer: &str) -> String {
        format!("{}:trouble:{}", self.prefix, escaped(consumer))
    }
}

/// Where the number of a stream's shards is noted.
pub(super) fn shards(namespace: &str, stream: &str) -> String {
    format!("{}:{{{}}}:shards", escaped(namespace), escaped(stream))
}

/// What is wrong with the name of a stream, a consumer or a namespace.
pub(super) fn problem(name: &str) -> Option<&'static str> {
    if name.trim().is_empty() {
        Some("is blank")
    } else if name.len() > 150 {
        Some("is longer than 150 bytes")
    } else if name
        .chars()
        .any(|character| character.is_control() || character == '/')
    {
        Some("holds a slash or a control character")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::Keys;

    #[test]
    fn one_hash_tag_a_shard() {
        let keys = Keys::new("app", "users", Some(3));
        assert_eq!(keys.queue, "app:{users/3}:queue");
        assert_eq!(keys.offset("search"), "app:{users/3}:offset:search");
    }

    #[test]
    fn braces_do_not_end_the_tag() {
        assert_eq!(Keys::new("a{b}", "u}", None).delay, "a%7Bb%7D:{u%7D}:delay");
    }
}
