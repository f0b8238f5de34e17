//! What is said of a URL: never its password.

use ::redis::{ConnectionInfo, IntoConnectionInfo, RedisError};

/// The nodes that a list of URLs names. A comma divides two of them only where another URL begins: a password may hold
/// one.
pub(super) fn parse(urls: &str) -> Result<Vec<ConnectionInfo>, RedisError> {
    split(urls)
        .into_iter()
        .map(IntoConnectionInfo::into_connection_info)
        .collect()
}

fn split(urls: &str) -> Vec<&str> {
    let mut nodes = Vec::new();
    let mut rest = urls;
    while let Some(end) = ["redis://", "rediss://"]
        .iter()
        .filter_map(|scheme| {
            let comma = rest.match_indices(',');
            comma
                .map(|(place, _)| place)
                .find(|place| rest[place + 1..].trim_start().starts_with(scheme))
        })
        .min()
    {
        nodes.push(rest[..end].trim());
        rest = &rest[end + 1..];
    }
    nodes.push(rest.trim());
    nodes
}

/// Hosts and ports.
pub(super) fn display(nodes: &[ConnectionInfo]) -> String {
    let nodes: Vec<String> = nodes.iter().map(|node| node.addr().to_string()).collect();
    nodes.join(", ")
}

#[cfg(test)]
mod tests {
    use super::split;

    #[test]
    fn commas_divide_urls_and_no_passwords() {
        assert_eq!(split("redis://a"), ["redis://a"]);
        assert_eq!(
            split("redis://a, rediss://b,redis://c"),
            ["redis://a", "rediss://b", "redis://c"]
        );
        assert_eq!(
            split("redis://u:p,q@a,redis://b"),
            ["redis://u:p,q@a", "redis://b"]
        );
        assert_eq!(split(""), [""]);
    }
}
