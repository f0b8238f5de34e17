//! Deleting a prefix, node by node.

use ::redis::{
    Cmd, ErrorKind, RedisError, Value,
    cluster_routing::{MultipleNodeRoutingInfo, RoutingInfo, SingleNodeRoutingInfo},
    cmd, from_redis_value,
};

use crate::redis::Connection;

/// How many keys the server looks at in one step.
const STEP: usize = 1_000;

/// Unlinks all keys with a prefix; how many there were.
pub(super) async fn unlink(connection: &Connection, prefix: &str) -> Result<u64, RedisError> {
    let pattern = pattern(prefix);
    let mut gone = 0;
    for (node, mut step) in begin(connection, &pattern).await? {
        loop {
            let (cursor, keys) = step;
            gone += unlink_keys(connection, &keys).await?;
            if cursor == 0 {
                break;
            }
            let next = connection.route(scan(cursor, &pattern), node.clone()).await?;
            step = from_redis_value(next)?;
        }
    }
    Ok(gone)
}

/// The cursor of the next step, 0 after the last one, and the keys of this one.
type Step = (u64, Vec<Vec<u8>>);

/// The first step on every master, with the way to it.
async fn begin(connection: &Connection, pattern: &str) -> Result<Vec<(RoutingInfo, Step)>, RedisError> {
    let everywhere = RoutingInfo::MultiNode((MultipleNodeRoutingInfo::AllMasters, None));
    let answer = connection.route(scan(0, pattern), everywhere.clone()).await?;
    if !connection.is_cluster() {
        return Ok(vec![(everywhere, from_redis_value(answer)?)]);
    }
    let answers: Vec<(String, Value)> = from_redis_value(answer)?;
    answers
        .into_iter()
        .map(|(node, answer)| Ok((by_address(&node)?, from_redis_value(answer)?)))
        .collect()
}

fn by_address(node: &str) -> Result<RoutingInfo, RedisError> {
    let address = node
        .rsplit_once(':')
        .and_then(|(host, port)| Some((host.to_owned(), port.parse().ok()?)));
    let (host, port) = address
        .ok_or_else(|| RedisError::from((ErrorKind::Client, "a node of the cluster without a port")))?;
    Ok(RoutingInfo::SingleNode(SingleNodeRoutingInfo::ByAddress {
        host,
        port,
    }))
}

async fn unlink_keys(connection: &Connection, keys: &[Vec<u8>]) -> Result<u64, RedisError> {
    if keys.is_empty() {
        return Ok(0);
    }
    connection.query(cmd("UNLINK").arg(keys)).await
}

fn scan(cursor: u64, pattern: &str) -> Cmd {
    let mut scan = cmd("SCAN");
    scan.arg(cursor).arg("MATCH").arg(pattern).arg("COUNT").arg(STEP);
    scan
}

/// What matches keys that begin with these characters, whatever they are.
fn pattern(prefix: &str) -> String {
    let mut pattern = String::with_capacity(prefix.len() + 1);
    for character in prefix.chars() {
        if matches!(character, '*' | '?' | '[' | ']' | '\\' | '^' | '-') {
            pattern.push('\\');
        }
        pattern.push(character);
    }
    pattern.push('*');
    pattern
}

#[cfg(test)]
mod tests {
    use super::pattern;

    #[test]
    fn globs_are_letters() {
        assert_eq!(pattern("events/1"), "events/1*");
        assert_eq!(pattern(r"a*b?[c]\"), r"a\*b\?\[c\]\\*");
        assert_eq!(pattern(""), "*");
    }
}
